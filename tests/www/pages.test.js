// @ts-check
/** The pages as files: texts as in the catalogue, nothing inline, nothing from other hosts, a text for every code. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';

import { hasText } from '../../www/assets/language.js';
import { PRIORITY } from '../../www/assets/hints.js';
import { hintText, problemMessage, reasonMessage } from '../../www/assets/messages.js';
import { RECOVERIES } from '../../www/assets/recoveries.js';
import { TEXTS as ADMIN_EN } from '../../www/assets/admin/texts.js';
import { hasText as hasAdminText } from '../../www/assets/admin/words.js';
import { ENGLISH as EN } from '../../www/assets/texts.js';

const www = new URL('../../www/', import.meta.url);
const read = (/** @type {string} */ path) => readFileSync(new URL(path, www), 'utf8');
const pages = readdirSync(www).filter((name) => name.endsWith('.html'));
/** All but those of others, in `vendor`. */
const modules = readdirSync(new URL('assets/', www), { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.js') && !name.startsWith('vendor/'));

test('the pages and modules are found', () => {
  assert.deepEqual(pages.sort(), [
    '404.html',
    'admin.html',
    'camera.html',
    'check-mail.html',
    'check.html',
    'index.html',
    'phone.html',
    'result.html',
    'verify.html',
  ]);
  assert.ok(modules.length > 20);
});

test('the pages’ English texts are those of the catalogue', () => {
  for (const page of pages) {
    const found = [...read(page).matchAll(/data-text="([^"]+)">([^<]*)</g)];
    assert.ok(found.length > 3, page);
    const english = page === 'admin.html' ? { ...EN, ...ADMIN_EN } : EN;
    for (const [, key = '', words] of found) assert.equal(words, english[key], `${page}: ${key}`);
  }
});

test('only the console loads the operators’ texts, and no key is in both catalogues', () => {
  for (const page of pages.filter((name) => name !== 'admin.html')) {
    assert.doesNotMatch(read(page), /assets\/admin\//, page);
  }
  assert.match(read('admin.html'), /assets\/admin\/texts\.js/);
  assert.deepEqual(Object.keys(ADMIN_EN).filter((key) => Object.hasOwn(EN, key) || !key.startsWith('admin.')), []);
});

test('the pages have nothing inline and load nothing from other hosts', () => {
  for (const page of pages) {
    const html = read(page);
    assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=|javascript:/i, page);
    for (const [tag] of html.matchAll(/<script[^>]*>[^<]*/g)) {
      assert.match(tag, /^<script type="module" src="\/assets\/pages\/[a-z-]+\.js">$/, page);
    }
    for (const [, url = ''] of html.matchAll(/(?:src|href|action)="([^"]*)"/g)) {
      assert.match(url, /^(\/(?!\/)|#)/, `${page}: ${url}`);
    }
  }
  for (const sheet of ['app.css', 'admin/admin.css']) {
    assert.doesNotMatch(read(`assets/${sheet}`), /@import|url\(/, sheet);
  }
});

test('every file that a page or a module names exists', () => {
  for (const page of pages) {
    for (const [, path] of read(page).matchAll(/"\/(assets\/[^"#]+)/g)) {
      assert.ok(existsSync(new URL(path ?? '', www)), `${page}: ${path}`);
    }
    for (const [, id] of read(page).matchAll(/icons\.svg#([a-z-]+)/g)) {
      assert.match(read('assets/icons.svg'), new RegExp(`id="${id}"`), `${page}: ${id}`);
    }
  }
  for (const [, id] of read('assets/capture-view.js').matchAll(/: '([a-z-]+)'/g)) {
    assert.match(read('assets/icons.svg'), new RegExp(`id="${id}"`), id);
  }
});

/**
 * Every module that a module imports, directly or indirectly.
 * @param {string} name @param {Set<string>} [seen] @returns {Set<string>}
 */
function imports(name, seen = new Set()) {
  for (const [, path = ''] of read(`assets/${name}`).matchAll(/^import [^;]*?from '([^']+)'/gm)) {
    const module = new URL(path, `file:///${name}`).pathname.slice(1);
    if (!seen.has(module)) imports(module, seen.add(module));
  }
  return seen;
}

test('no modules import each other in a circle', () => {
  for (const name of modules) assert.ok(!imports(name).has(name), `${name} imports itself, perhaps through others`);
});

test('each page preloads all of its modules', () => {
  for (const page of pages.filter((name) => name !== '404.html')) {
    const entry = /assets\/(pages\/[a-z-]+\.js)/.exec(read(page))?.[1] ?? '';
    const preloaded = [...read(page).matchAll(/rel="modulepreload" href="\/assets\/([^"]+)"/g)].map(([, name]) => name);
    assert.deepEqual(preloaded.sort(), [...imports(entry)].sort(), page);
  }
});

test('ids are unique on a page, and labels and descriptions refer to existing ones', () => {
  for (const page of pages) {
    const html = read(page);
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length, page);
    for (const [, list = ''] of html.matchAll(/(?:for|aria-describedby|aria-labelledby)="([^"]+)"/g)) {
      for (const id of list.split(' ')) assert.ok(ids.includes(id), `${page}: ${id}`);
    }
  }
});

test('every module is type-checked, and only entry modules do work when imported', () => {
  for (const name of modules) {
    const source = read(`assets/${name}`);
    assert.match(source, /^\/\/ @ts-check\n/, name);
    if (!name.startsWith('pages/') && name !== 'engine-worker.js') {
      assert.doesNotMatch(source, /^(?:[a-z]\w*\(|document\.|window\.|self\.)/m, name);
    }
  }
});

test('every key that the modules use has a text, and every text is used', () => {
  const isAdmin = (/** @type {string} */ name) => /^(pages\/)?admin[./]/.test(name);
  const joined = (/** @type {string[]} */ names) => names.map((name) => read(`assets/${name}`)).join('\n');
  const all = modules.filter((name) => !name.endsWith('texts.js'));
  for (const [sources, has] of /** @type {const} */ ([
    [joined(all.filter((name) => !isAdmin(name))), hasText],
    [joined(all.filter(isAdmin)), hasAdminText],
  ])) {
    for (const [, key = ''] of sources.matchAll(/\btext\(\s*'([^']+)'/g)) assert.ok(has(key), `no text for ${key}`);
    for (const [, key = ''] of sources.matchAll(/\bplural\(\s*'([^']+)'/g)) {
      assert.ok(has(`${key}.one`) && has(`${key}.other`), `no plural for ${key}`);
    }
  }
  const everything = joined(all) + pages.map(read).join('\n');
  const kinds = 'hint|spoken|problem|reason|paused|recipe|uploading\\.again';
  const adminKinds =
    'problem|reason|gate|status|review_state|policy|record\\.(key|uncounted|left|handoff)|event\\.signal|timeline|' +
    'gesture|outcome|decision|action|trace|check|mailbox|delivery';
  const byCode = new RegExp(`^(${kinds}|admin\\.(${adminKinds}))\\.`);
  const unused = Object.keys({ ...EN, ...ADMIN_EN }).filter(
    (key) =>
      !key.startsWith('mail.') &&
      !byCode.test(key) &&
      !everything.includes(`${key.replace(/\.(one|other)$/, '')}'`) &&
      !everything.includes(`"${key}"`),
  );
  assert.deepEqual(unused, []);
});

test('nothing that the console shows is put in as HTML', () => {
  const sources = modules.filter((name) => name.startsWith('admin/') || name === 'pages/admin.js');
  assert.ok(sources.length > 20);
  for (const name of sources) {
    assert.doesNotMatch(
      read(`assets/${name}`),
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|setHTML/,
      name,
    );
  }
});

/** The document that server tests compare with the code. */
const { components: { schemas } } = JSON.parse(read('../docs/openapi.json'));

/** The codes of a schema. @param {string} name @returns {string[]} */
function codesOf(name) {
  return schemas[name].oneOf.map((/** @type {{const: string}} */ entry) => entry.const);
}

/**
 * Codes that only a Rust source lists: the first group of each match.
 * @param {string} path @param {RegExp} pattern @returns {string[]}
 */
function codesIn(path, pattern) {
  const codes = [...read(path).matchAll(pattern)].map(([, code = '']) => code);
  assert.ok(
    codes.length > 5,
    `${path} no longer matches ${pattern}: adapt this test to how the codes are written there`,
  );
  return codes;
}

test('every reason has a text, unless its text would help a forger', () => {
  const silentCaptures = 'capture_(hash|format|size|damaged|replayed)|captures_identical|score_mismatch';
  const silentOthers =
    'transcript_|prompt_(mismatch|commitment)|picture_commitment|pose_mismatch|strip_(differs|no_blink|mismatch)';
  const silent = new RegExp(`^(${silentOthers}|${silentCaptures})`);
  for (const code of codesOf('Reason')) {
    const isSilent = silent.test(code);
    assert.equal(hasText(`reason.${code}.title`), !isSilent, code);
    assert.equal(reasonMessage(code).title === EN['reason.unaccepted.title'], isSilent, code);
    assert.ok(isSilent || hasText(`reason.${code}.text`), code);
  }
});

test('operators have a text for every reason, and for nothing else', () => {
  const words = Object.keys(ADMIN_EN).flatMap((key) => /^admin\.reason\.(.+)$/.exec(key)?.[1] ?? []);
  assert.deepEqual(words.sort(), codesOf('Reason').sort());
});

test('operators have a text for every signal', () => {
  for (const code of codesOf('Signal')) assert.ok(hasAdminText(`admin.event.signal.${code}`), code);
});

test('every action in the audit trail has a text', () => {
  const actions = codesIn('../server/src/domain/action.rs', /Action::\w+ => "([a-z_]+)"/g);
  for (const action of actions) assert.ok(hasAdminText(`admin.action.${action}`), action);
});

/** The gates of the engine, as codes. */
function gateCodes() {
  const names = codesIn('../engine/src/gate/mod.rs', /^ {8}Gate::([A-Za-z]+),$/gm);
  const gates = names.map((name) => name.replace(/(?<!^)[A-Z]/g, '_$&').toLowerCase());
  assert.deepEqual([...gates].sort(), [...schemas.Curve.properties.frames.items.properties.gate.oneOf[0].enum].sort());
  return gates;
}

test('every gate of the engine has a hint, a priority and a text for operators', () => {
  const gates = gateCodes();
  for (const gate of gates) assert.ok(hasAdminText(`admin.gate.${gate}`), gate);
  for (const gate of gates.filter((name) => name !== 'ok')) {
    assert.ok(hasText(`hint.${gate}`), gate);
    assert.ok(PRIORITY.includes(gate), gate);
  }
  for (const code of PRIORITY) assert.ok(hintText({ code, direction: null }).length <= 32, `too long: ${code}`);
});

test('the arrow and the text of a hint agree on the direction', () => {
  // The face is on the image's left, which the mirrored picture shows on the right: the person moves left.
  assert.equal(hintText({ code: 'off_center', direction: 'left' }), 'Move left');
  assert.match(read('assets/capture-view.js'), /'off_center\.left': 'arrow-left'/);
  assert.equal(hintText({ code: 'off_center', direction: 'up' }), 'Move down a little');
  assert.match(read('assets/capture-view.js'), /'off_center\.up': 'arrow-down'/);
  // The subject's right eye is on the left of the camera's picture.
  assert.equal(hintText({ code: 'eyes_unreadable', direction: 'left' }), 'Uncover your right eye');
  assert.equal(hintText({ code: 'too_dark', direction: 'right' }), 'More light on your left side');
});

test('every problem that a page can meet has a title and a text', () => {
  const camera = [...read('assets/camera.js').matchAll(/'(camera_[a-z_]+)'/g)].map(([, code = '']) => code);
  const client = [
    'model_corrupt',
    'engine_version',
    'engine_failed',
    'network',
    'offline',
    'server_error',
    'unexpected',
    'token_missing',
    'email_missing',
  ];
  assert.ok(camera.length > 5);
  for (const code of [...Object.keys(RECOVERIES), ...camera, ...client]) {
    assert.ok(hasText(`problem.${code}.title`) && hasText(`problem.${code}.text`), code);
  }
});

test('every error code that can reach a person has a text', () => {
  const forOperators =
    'admin_|capture_gone|filter_invalid|evidence_missing|address_erased|note_invalid|user_unknown|' +
    'second_factor_missing';
  const forSites =
    'check_unknown|idempotency_|key_missing|key_wrong|not_mailed|request_invalid|return_url_not_listed|scope_missing|' +
    'test_address|not_final|event_unknown|too_many_webhooks|webhook_unknown';
  const forPrograms = new RegExp(`^(${forOperators}|${forSites}|method_not_allowed|not_found|content_|body_malformed)`);
  for (const code of codesOf('ErrorCode').filter((name) => !forPrograms.test(name))) {
    assert.notEqual(problemMessage(code).title, EN['problem.unexpected.title'], code);
  }
});

test('an unknown code is shown with the server’s own sentence', () => {
  assert.deepEqual(problemMessage('brand_new', 'Do this.'), { title: 'Something went wrong', text: 'Do this.' });
});
