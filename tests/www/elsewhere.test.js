// @ts-check
/** The way out of a browser that cannot run the check. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { linkElsewhere } from '../../www/assets/elsewhere.js';
import { isInApp } from '../../www/assets/support.js';

test('the link elsewhere is the mailed one, or the one from a site, or else the page that mails another', () => {
  const page = { origin: 'https://check.example.org' };
  const mailed = { token: 'abc', clientToken: null };
  assert.equal(linkElsewhere({ token: 'abc', clientToken: 'ct_1' }, page, true), 'https://check.example.org/verify?token=abc');
  assert.equal(linkElsewhere({ token: null, clientToken: 'ct_1' }, page, true), 'https://check.example.org/c#ct_1');
  assert.equal(linkElsewhere({ token: null, clientToken: null }, page, true), 'https://check.example.org/');
  assert.equal(linkElsewhere(mailed, { origin: 'http://localhost:8080' }, true), 'http://localhost:8080/verify?token=abc');
  assert.equal(linkElsewhere(mailed, { origin: 'http://10.0.0.7:80' }, false), 'https://10.0.0.7:80/verify?token=abc');
});

test('browsers inside other apps are known by their names, browsers on their own are not', () => {
  const inApps = [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 [FBAN/FBIOS;FBAV/465.0.0.37]',
    'Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 Version/4.0 Chrome/126.0 Mobile Safari/537.36',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 335.1',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Safari Line/14.9.0',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148 [LinkedInApp]/9.29',
  ];
  const alone = [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari/604.1',
    'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36',
    'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 CriOS/126.0 Mobile Safari/604.1',
  ];
  for (const userAgent of inApps) assert.equal(isInApp({ userAgent }), true, userAgent);
  for (const userAgent of alone) assert.equal(isInApp({ userAgent }), false, userAgent);
  assert.equal(isInApp(undefined), false);
});
