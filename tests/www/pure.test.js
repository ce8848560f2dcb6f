// @ts-check
/** The small pure modules: hold, oval, announcements, base64url, addresses, languages. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { PACE_MS, paced } from '../../www/assets/announce.js';
import { base64url } from '../../www/assets/base64url.js';
import { looksLikeEmail } from '../../www/assets/email.js';
import { HOLD_MS, NOT_HELD, hold } from '../../www/assets/hold.js';
import { chooseLanguage, directionOf, plural, sizeText, text, textsOf } from '../../www/assets/language.js';
import { outside, ovalIn, ring } from '../../www/assets/oval.js';

test('the ring fills while the face is right, and starts over when it is not', () => {
  let state = hold(NOT_HELD, true, 1000);
  assert.equal(state.share, 0);
  state = hold(state, true, 1000 + HOLD_MS / 2);
  assert.equal(state.share, 0.5);
  assert.equal(hold(state, true, 1000 + HOLD_MS * 3).share, 1);
  assert.deepEqual(hold(state, false, 1400), NOT_HELD);
});

test('the oval marks the same part of the picture on every stage', () => {
  const landscape = { width: 640, height: 480 };
  /** @type {[picture: {width: number, height: number}, stage: {width: number, height: number}][]} */
  const cases = [
    [landscape, { width: 640, height: 480 }],
    [landscape, { width: 358, height: 477 }],
    [
      { width: 480, height: 640 },
      { width: 358, height: 477 },
    ],
    [landscape, { width: 280, height: 240 }],
    [
      { width: 1280, height: 720 },
      { width: 640, height: 480 },
    ],
  ];
  for (const [picture, stage] of cases) {
    const { cx, cy, rx, ry } = ovalIn(picture, stage);
    const about = `${JSON.stringify(picture)} in ${JSON.stringify(stage)}`;
    assert.ok(cx - rx >= 0 && cx + rx <= stage.width && cy - ry >= 0 && cy + ry <= stage.height, `inside: ${about}`);
    const scale = Math.max(stage.width / picture.width, stage.height / picture.height);
    const share = (2 * rx) / scale / Math.min(picture.width, picture.height);
    assert.ok(share > 0.4 && share < 0.8, `a face that fills it is accepted: ${share} for ${about}`);
    assert.ok(ry > rx, about);
  }
});

test('the oval’s paths are closed and start at its top', () => {
  const oval = { cx: 100, cy: 90, rx: 40, ry: 50 };
  assert.equal(ring(oval), 'M 100 40 A 40 50 0 0 1 100 140 A 40 50 0 0 1 100 40 Z');
  assert.match(outside(oval, { width: 200, height: 180 }), /^M 0 0 H 200 V 180 H 0 Z M 100 40 .* Z$/);
});

test('announcements keep their pace, and the newest one wins', () => {
  let now = 0;
  /** @type {{at: number, work: () => void}[]} */
  const timers = [];
  /** @type {[number, string][]} */
  const said = [];
  const announce = paced((words) => said.push([now, words]), {
    now: () => now,
    later: (work, ms) => timers.push({ at: now + ms, work }),
  });
  const pass = (/** @type {number} */ to) => {
    now = to;
    for (const timer of timers.splice(0)) {
      if (timer.at <= now) timer.work();
      else timers.push(timer);
    }
  };

  announce('a');
  pass(100); announce('b');
  pass(200); announce('c');
  pass(PACE_MS); announce('c');
  pass(PACE_MS * 3); announce('c');
  pass(PACE_MS * 4); announce('a');
  assert.deepEqual(said, [[0, 'a'], [PACE_MS, 'c'], [PACE_MS * 4, 'a']]);
});

test('base64url has no padding and no characters with a meaning in addresses', () => {
  assert.equal(base64url(new Uint8Array([0xfb, 0xff, 0xfe])), '-__-');
  assert.equal(base64url(new Uint8Array([1])), 'AQ');
  assert.equal(base64url(new Uint8Array(32)).length, 43);
});

test('typos in an address are found, unusual addresses are accepted', () => {
  const good = [
    'a@example.org',
    'first.last+tag@sub.example.co.uk',
    'o’neil@example.org',
    'jürgen@exämple.de',
    'me@localhost',
  ];
  const bad = [
    '',
    'a',
    'a@',
    '@example.org',
    'a@example',
    'a b@example.org',
    'a@b@example.org',
    'a@example..org',
    'a@.org',
    `${'a'.repeat(65)}@example.org`,
    `a@${'b'.repeat(300)}.org`,
  ];
  for (const address of good) assert.ok(looksLikeEmail(address), address);
  for (const address of bad) assert.ok(!looksLikeEmail(address), address);
});

test('texts fill in their values, and an unknown key shows itself', () => {
  assert.equal(text('check_mail.resend_in', { seconds: 5 }), 'Send it again in 5 s');
  assert.equal(text('capture.seconds', {}), '{seconds} s left');
  assert.equal(text('no.such.key', {}), 'no.such.key');
  assert.equal(plural('failed.attempts', 1), 'You have 1 attempt left.');
  assert.equal(plural('failed.attempts', 3), 'You have 3 attempts left.');
});

test('a count takes the language’s own form, whichever the language has, and English where a text is missing', () => {
  const english = { 'days.one': '{count} day', 'days.other': '{count} days', 'eyes.other': '{count} eyes' };
  /** @type {Record<string, Record<string, string>>} */
  const others = {
    pl: {
      'days.one': '{count} dzień', 'days.few': '{count} dni', 'days.many': '{count} dni!', 'days.other': '{count} dnia',
    },
    ar: { 'days.two': 'يومان', 'days.other': '{count} يوم' },
    en: english,
  };
  const count = (/** @type {string} */ key, /** @type {number} */ number, /** @type {string} */ tag) =>
    textsOf(english, () => ({ tag, texts: others[tag] ?? {} })).plural(key, number);
  /** @type {[string, number, string][]} */
  const cases = [
    ['pl', 1, '1 dzień'], ['pl', 3, '3 dni'], ['pl', 5, '5 dni!'], ['pl', 1.5, '1,5 dnia'],
    ['ar', 2, 'يومان'], ['ar', 3, '3 يوم'], ['en', 1, '1 day'],
  ];
  for (const [language, number, expected] of cases) {
    assert.equal(count('days', number, language), expected, `${language} ${number}`);
  }
  assert.equal(count('eyes', 5, 'pl'), '5 eyes');
  assert.equal(count('ears', 1, 'pl'), 'ears.other');
});

test('the first wanted language that there is is chosen, in the same script, and English otherwise', () => {
  const there = ['en', 'de', 'he', 'pt-BR', 'zh-Hans'];
  for (const [wanted, expected] of /** @type {[string[], string][]} */ ([
    [['xx', 'en-GB', 'de'], 'en'],
    [[], 'en'],
    [['', 'not a tag', 'de-AT'], 'de'],
    [['DE'], 'de'],
    [['pt-PT'], 'pt-BR'],
    [['zh-CN'], 'zh-Hans'],
    [['zh-TW', 'de'], 'de'],
    [['iw'], 'he'],
  ])) assert.equal(chooseLanguage(wanted, there), expected, wanted.join());
  assert.equal(text('cancel'), 'Cancel');
});

test('addresses keep their direction inside of right-to-left texts', () => {
  const { text: say } = textsOf({ sent: 'Sent to {email}' }, () => ({ tag: 'he', texts: { sent: 'אל {email}' } }));
  assert.equal(say('sent', { email: 'jo@example.org' }), 'אל \u2068jo@example.org\u2069');
});

test('the direction goes by the script', () => {
  for (const [tag, expected] of [['ar-EG', 'rtl'], ['fa', 'rtl'], ['en', 'ltr'], ['ha', 'ltr'], ['uz-Arab', 'rtl']]) {
    assert.equal(directionOf(tag ?? ''), expected, tag);
  }
});

test('sizes are shown in round figures', () => {
  assert.equal(sizeText(43_210), '43 kB');
  assert.equal(sizeText(5_449_000), '5.4 MB');
  assert.equal(sizeText(5_449_000, 'de'), '5,4 MB');
});
