// @ts-check
/** Browsers that keep cookies, and browsers that do not. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { behind, keepsCookies } from '../../www/assets/cookies.js';

/** A page whose browser keeps cookies. @param {Map<string, string>} jar */
function keeping(jar) {
  return {
    get cookie() {
      return [...jar].map((pair) => pair.join('=')).join('; ');
    },
    set cookie(text) {
      const [name = '', value = ''] = (text.split(';')[0] ?? '').split('=');
      if (/Max-Age=0/.test(text)) jar.delete(name);
      else jar.set(name, value);
    },
  };
}

/** A page whose browser takes cookies and forgets them. */
const forgetting = { get cookie() { return ''; }, set cookie(_) {} };
/** A page whose browser has cookies from before they were blocked. */
const keepingOld = { get cookie() { return 'theme=dark; not-blinkgate-try=1'; }, set cookie(_) {} };
/** A page in a sandbox. */
const throwing = {
  get cookie() { return assert.fail('SecurityError'); },
  set cookie(_) { assert.fail('SecurityError'); },
};

test('blocked cookies are told from a session that really is missing', () => {
  /** @type {[about: string, page: {cookie: string}, keeps: boolean][]} */
  const cases = [
    ['kept', keeping(new Map()), true],
    ['kept beside others', keeping(new Map([['theme', 'dark']])), true],
    ['forgotten', forgetting, false],
    ['only old ones', keepingOld, false],
    ['forbidden', throwing, false],
  ];
  for (const [about, page, keeps] of cases) {
    assert.equal(keepsCookies(page), keeps, about);
    assert.equal(behind('session_missing', page), keeps ? 'session_missing' : 'cookies_blocked', about);
    assert.equal(behind('session_expired', page), 'session_expired', about);
  }
});

test('trying leaves no cookie behind', () => {
  const jar = new Map([['theme', 'dark']]);
  assert.ok(keepsCookies(keeping(jar)));
  assert.deepEqual([...jar], [['theme', 'dark']]);
});
