// Mails as they were sent, read as a mail program does.

/** The parts of a mail as text: plain and HTML. @param {string} mail */
export function parts(mail) {
  const found = mail.matchAll(/Content-Transfer-Encoding: (\S+)\r?\n\r?\n([\s\S]*?)\r?\n--/g);
  return [...found].map(([, encoding, body]) => {
    if (encoding === 'base64') return Buffer.from(body, 'base64').toString();
    if (encoding !== 'quoted-printable') return body;
    const byte = (_, hex) => String.fromCharCode(parseInt(hex, 16));
    const bytes = body.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, byte);
    return Buffer.from(bytes, 'latin1').toString();
  });
}

/** The verification link of a mail, without what follows the token. @param {string} mail */
export function linkIn(mail) {
  const found = parts(mail)[0]?.match(/https?:\/\/\S+\/verify\?token=[\w-]+/);
  if (!found) throw new Error(`no link in the mail:\n${mail}`);
  return found[0];
}
