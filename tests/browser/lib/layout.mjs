// How a page is laid out: what is too wide for its place.

/** The texts that are cut off or make the page scroll sideways. @returns {Promise<string[]>} */
export function tooWide(page) {
  return page.evaluate(() => {
    const isTooWide = (element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
    const texts = [...document.querySelectorAll('h1, p, dt, dd, summary, label, button, a.button')];
    const isSeen = (element) => element.checkVisibility() && !element.classList.contains('heard');
    const cut = texts.filter((element) => isSeen(element) && isTooWide(element));
    const page = document.documentElement;
    return [...cut.map((element) => element.textContent), ...(page.scrollWidth > innerWidth ? ['the page'] : [])];
  });
}
