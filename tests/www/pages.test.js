// @ts-check
/** The pages as files: texts as in the catalogue, nothing inline, nothing from elsewhere, every code with its words. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';

import { consentText } from '../../www/assets/consent.js';
import { RECOVERIES } from '../../www/assets/flow.js';
import { hasText } from '../../www/assets/language.js';
import { PRIORITY } from '../../www/assets/hints.js';
import { hintText, problemMessage, reasonMessage } from '../../www/assets/messages.js';
import { CATALOGUES as ADMIN_CATALOGUES } from '../../www/assets/admin/texts.js';
import { hasText as hasAdminText } from '../../www/assets/admin/words.js';
import { CATALOGUES } from '../../www/assets/texts.js';

const www = new URL('../../www/', import.meta.url);
const read = (/** @type {string} */ path) => readFileSync(new URL(path, www), 'utf8');
const pages = readdirSync(www).filter((name) => name.endsWith('.html'));
const modules = readdirSync(new URL('assets/', www), { recursive: true }).map(String).filter((name) => name.endsWith('.js'));
const EN = CATALOGUES['en'] ?? {};
const ADMIN_EN = ADMIN_CATALOGUES['en'] ?? {};

test('there are pages and modules to look at', () => {
  assert.deepEqual(pages.sort(), ['404.html', 'admin.html', 'camera.html', 'check-mail.html', 'index.html', 'result.html', 'verify.html']);
  assert.ok(modules.length > 20);
});

test('the English of the pages is the English of the catalogue', () => {
  for (const page of pages) {
    const found = [...read(page).matchAll(/data-text="([^"]+)">([^<]*)</g)];
    assert.ok(found.length > 3, page);
    const english = page === 'admin.html' ? { ...EN, ...ADMIN_EN } : EN;
    for (const [, key = '', words] of found) assert.equal(words, english[key], `${page}: ${key}`);
  }
});

test('what people are told about their pictures is what the server knows, in each language', () => {
  for (const language of Object.keys(CATALOGUES)) assert.equal(`${consentText(language)}\n`, read(`consent/${language}.txt`), language);
});

test('what operators read is loaded by the console alone, and stands in one catalogue only', () => {
  for (const page of pages.filter((name) => name !== 'admin.html')) assert.doesNotMatch(read(page), /assets\/admin\//, page);
  assert.match(read('admin.html'), /assets\/admin\/texts\.js/);
  assert.deepEqual(Object.keys(ADMIN_EN).filter((key) => Object.hasOwn(EN, key) || !key.startsWith('admin.')), []);
});

test('the pages have nothing inline and nothing from another host', () => {
  for (const page of pages) {
    const html = read(page);
    assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=|javascript:/i, page);
    for (const [tag] of html.matchAll(/<script[^>]*>[^<]*/g)) assert.match(tag, /^<script type="module" src="\/assets\/pages\/[a-z-]+\.js">$/, page);
    for (const [, url = ''] of html.matchAll(/(?:src|href|action)="([^"]*)"/g)) assert.match(url, /^(\/(?!\/)|#)/, `${page}: ${url}`);
  }
  for (const sheet of ['app.css', 'admin/admin.css']) assert.doesNotMatch(read(`assets/${sheet}`), /@import|url\(/, sheet);
});

test('every file that a page or a module names is there', () => {
  for (const page of pages) {
    for (const [, path] of read(page).matchAll(/"\/(assets\/[^"#]+)/g)) assert.ok(existsSync(new URL(path ?? '', www)), `${page}: ${path}`);
    for (const [, id] of read(page).matchAll(/icons\.svg#([a-z-]+)/g)) assert.match(read('assets/icons.svg'), new RegExp(`id="${id}"`), `${page}: ${id}`);
  }
  for (const [, id] of read('assets/capture-view.js').matchAll(/: '([a-z-]+)'/g)) assert.match(read('assets/icons.svg'), new RegExp(`id="${id}"`), id);
});

/** What a module imports, directly or not. @param {string} name @param {Set<string>} [seen] @returns {Set<string>} */
function imports(name, seen = new Set()) {
  for (const [, path = ''] of read(`assets/${name}`).matchAll(/^import [^;]*?from '([^']+)'/gm)) {
    const module = new URL(path, `file:///${name}`).pathname.slice(1);
    if (!seen.has(module)) imports(module, seen.add(module));
  }
  return seen;
}

test('each page asks for all its modules at once', () => {
  for (const page of pages.filter((name) => name !== '404.html')) {
    const entry = /assets\/(pages\/[a-z-]+\.js)/.exec(read(page))?.[1] ?? '';
    const asked = [...read(page).matchAll(/rel="modulepreload" href="\/assets\/([^"]+)"/g)].map(([, name]) => name);
    assert.deepEqual(asked.sort(), [...imports(entry)].sort(), page);
  }
});

test('no id stands twice on a page, and labels and descriptions point at something', () => {
  for (const page of pages) {
    const html = read(page);
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length, page);
    for (const [, list = ''] of html.matchAll(/(?:for|aria-describedby|aria-labelledby)="([^"]+)"/g)) for (const id of list.split(' ')) assert.ok(ids.includes(id), `${page}: ${id}`);
  }
});

test('every module is checked and only entry modules work at import', () => {
  for (const name of modules) {
    const source = read(`assets/${name}`);
    assert.match(source, /^\/\/ @ts-check\n/, name);
    if (!name.startsWith('pages/') && name !== 'engine-worker.js') assert.doesNotMatch(source, /^(?:[a-z]\w*\(|document\.|window\.|self\.)/m, name);
  }
});

test('every key that the modules use has a text, and every text is used', () => {
  const isAdmin = (/** @type {string} */ name) => /^(pages\/)?admin[./]/.test(name);
  const joined = (/** @type {string[]} */ names) => names.map((name) => read(`assets/${name}`)).join('\n');
  const all = modules.filter((name) => !name.endsWith('texts.js'));
  for (const [sources, has] of /** @type {const} */ ([[joined(all.filter((name) => !isAdmin(name))), hasText], [joined(all.filter(isAdmin)), hasAdminText]])) {
    for (const [, key = ''] of sources.matchAll(/\btext\('([^']+)'/g)) assert.ok(has(key), `no text for ${key}`);
    for (const [, key = ''] of sources.matchAll(/\bplural\('([^']+)'/g)) assert.ok(has(`${key}.one`) && has(`${key}.other`), `no plural for ${key}`);
  }
  const everything = joined(all) + pages.map(read).join('\n');
  const byCode = /^(hint|spoken|problem|reason|paused|recipe|uploading\.again|admin\.(problem|reason|gate|status|review_state|policy|record\.key|timeline|gesture|outcome|decision|action|trace))\./;
  const unused = Object.keys({ ...EN, ...ADMIN_EN }).filter((key) => !byCode.test(key) && !everything.includes(`${key.replace(/\.(one|other)$/, '')}'`) && !everything.includes(`"${key}"`));
  assert.deepEqual(unused, []);
});

test('nothing that the console shows is put in as HTML', () => {
  const sources = modules.filter((name) => name.startsWith('admin/') || name === 'pages/admin.js');
  assert.ok(sources.length > 20);
  for (const name of sources) assert.doesNotMatch(read(`assets/${name}`), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|setHTML/, name);
});

/** The codes in a Rust source: what stands right of `=> "…"`. @param {string} path @param {string} within the function's name */
function rustCodes(path, within) {
  const source = read(path);
  const body = source.slice(source.indexOf(`fn ${within}(`));
  const codes = [...body.slice(0, body.indexOf('\n    }\n')).matchAll(/=> "([a-z_]+)"/g)].map(([, code]) => code ?? '');
  assert.ok(codes.length > 10, path);
  return codes;
}

test('every reason of the engine has its words, or is one of those that say nothing to a forger', () => {
  const silent = /^(transcript_|capture_(hash|format|size|damaged)|captures_identical|score_mismatch|prompt_(mismatch|commitment)|capture_replayed|strip_(differs|no_blink|mismatch))/;
  for (const code of rustCodes('../engine/src/reason.rs', 'code')) {
    const isSilent = silent.test(code);
    assert.equal(hasText(`reason.${code}.title`), !isSilent, code);
    assert.equal(reasonMessage(code).title === EN['reason.unaccepted.title'], isSilent, code);
    assert.ok(isSilent || hasText(`reason.${code}.text`), code);
  }
});

test('every reason of the engine has its words for operators, and nothing else has', () => {
  const words = Object.keys(ADMIN_EN).flatMap((key) => /^admin\.reason\.(.+)$/.exec(key)?.[1] ?? []);
  assert.deepEqual(words.sort(), rustCodes('../engine/src/reason.rs', 'code').sort());
});

test('everything that stands in the audit trail has its words', () => {
  const actions = [...read('../server/src/domain/action.rs').matchAll(/Action::\w+ => "([a-z_]+)"/g)].map(([, action = '']) => action);
  assert.ok(actions.length > 5, actions.join());
  for (const action of actions) assert.ok(hasAdminText(`admin.action.${action}`), action);
});

/** The gates of the engine, as codes. */
function gateCodes() {
  const gates = [...read('../engine/src/gate/mod.rs').matchAll(/^ {8}Gate::([A-Za-z]+),$/gm)].map(([, name = '']) => name.replace(/(?<!^)[A-Z]/g, '_$&').toLowerCase());
  assert.ok(gates.includes('several_faces') && gates.length >= 12, gates.join());
  return gates;
}

test('every gate of the engine has a hint and a place in the order, and its word for operators', () => {
  const gates = gateCodes();
  for (const gate of gates) assert.ok(hasAdminText(`admin.gate.${gate}`), gate);
  for (const gate of gates.filter((name) => name !== 'ok')) {
    assert.ok(hasText(`hint.${gate}`), gate);
    assert.ok(PRIORITY.includes(gate), gate);
  }
  for (const code of PRIORITY) assert.ok(hintText({ code, direction: null }).length <= 32, `short enough: ${code}`);
});

test('arrows and words of a hint agree on the direction', () => {
  // The face lies at the image's left, which the mirrored picture shows at the right: the person goes left.
  assert.equal(hintText({ code: 'off_center', direction: 'left' }), 'Move left');
  assert.match(read('assets/capture-view.js'), /'off_center\.left': 'arrow-left'/);
  assert.equal(hintText({ code: 'off_center', direction: 'up' }), 'Move down a little');
  assert.match(read('assets/capture-view.js'), /'off_center\.up': 'arrow-down'/);
});

test('every problem that a page can meet has a title and a text', () => {
  const camera = [...read('assets/camera.js').matchAll(/'(camera_[a-z_]+)'/g)].map(([, code = '']) => code);
  const client = ['model_corrupt', 'engine_version', 'engine_failed', 'network', 'offline', 'server_error', 'unexpected', 'token_missing', 'email_missing'];
  assert.ok(camera.length > 5);
  for (const code of [...Object.keys(RECOVERIES), ...camera, ...client]) {
    assert.ok(hasText(`problem.${code}.title`) && hasText(`problem.${code}.text`), code);
  }
});

test('every code of the server that can reach a person has its words', () => {
  const forPrograms = /^(admin_|capture_gone|filter_invalid|evidence_missing|address_erased|note_invalid|user_unknown|method_not_allowed|not_found|content_|body_malformed)/;
  for (const code of rustCodes('../server/src/routes/error/mod.rs', 'code').filter((name) => !forPrograms.test(name))) {
    assert.notEqual(problemMessage(code).title, EN['problem.unexpected.title'], code);
  }
});

test('an unknown code is shown with the server’s own sentence', () => {
  assert.deepEqual(problemMessage('brand_new', 'Do this.'), { title: 'Something went wrong', text: 'Do this.' });
});
