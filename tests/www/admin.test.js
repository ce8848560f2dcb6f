// @ts-check
/** The console's pure modules: routes, keys, the curve's figures and layout, an attempt's timeline. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { fileName } from '../../www/assets/admin/api.js';
import { apart, closureSpans, gateCounts, greatestEar, runs, wholeSpan } from '../../www/assets/admin/curve.js';
import { countsOf } from '../../www/assets/admin/erase.js';
import { keyIn } from '../../www/assets/admin/key.js';
import { filtersOf, hashOf, routeOf, queryOf } from '../../www/assets/admin/route.js';
import { CELL_PX, layOut, layOutCells } from '../../www/assets/admin/plot-layout.js';
import { pathOf } from '../../www/assets/admin/plot.js';
import { aboutOf, timeOf } from '../../www/assets/admin/timeline.js';
import { bothEyes, figure, moment, problemWords, reasons, wordOf } from '../../www/assets/admin/words.js';
import { Problem } from '../../www/assets/problem.js';

/** @typedef {import('../../www/assets/admin/types.js').Curve} Curve */
/** @typedef {import('../../www/assets/admin/types.js').CurveFrame} CurveFrame */

test('a route and its address convert into each other', () => {
  /** @type {[hash: string, route: import('../../www/assets/admin/route.js').Route][]} */
  const cases = [
    ['#events', { view: 'events', filters: {} }],
    ['#events?status=FAILED&reason=timeout', { view: 'events', filters: { status: 'FAILED', reason: 'timeout' } }],
    ['#events?email=a%2Bb%40example.org&from=2026-11-01&to=2026-11-02&review=open',
      { view: 'events', filters: { email: 'a+b@example.org', from: '2026-11-01', to: '2026-11-02', review: 'open' } }],
    ['#event/0199-a%2Fb', { view: 'event', id: '0199-a/b' }],
    ['#sites?site=shop&status=verified', { view: 'sites', choice: { site: 'shop', status: 'verified' } }],
    ['#sites?site=shop', { view: 'sites', choice: { site: 'shop', status: '' } }],
    ['#audit', { view: 'audit' }],
  ];
  for (const [hash, route] of cases) {
    assert.deepEqual(routeOf(hash), route, hash);
    assert.equal(hashOf(route), hash);
  }
});

test('an address without a route leads to the events', () => {
  for (const hash of ['', '#', '#main', '#event/', '#event/%', '#nonsense']) {
    assert.deepEqual(routeOf(hash), { view: 'events', filters: {} }, hash);
  }
});

test('only known filters with a value are taken from an address', () => {
  const given = new URLSearchParams('status=FAILED&reason=&email=%20a@b.example%20&key=secret&limit=7');
  assert.deepEqual(filtersOf(given), { status: 'FAILED', email: 'a@b.example' });
  assert.deepEqual(routeOf('#events?key=secret&status=FAILED'), { view: 'events', filters: { status: 'FAILED' } });
  assert.equal(queryOf({ status: 'FAILED' }, { limit: '100', cursor: 'x=' }), 'status=FAILED&limit=100&cursor=x%3D');
});

test('a key is accepted if it can be sent in a header', () => {
  /** @type {[entered: string, key: string | null][]} */
  const cases = [
    ['bk_1_abc', 'bk_1_abc'],
    ['  abc\n', 'abc'],
    ['', null],
    ['two words', null],
    ['a\nb', null],
    ['schlüssel', null],
    ['•••', null],
  ];
  for (const [entered, key] of cases) assert.equal(keyIn(entered), key, JSON.stringify(entered));
});

test('a download’s name comes from its header and contains no path', () => {
  /** @type {[header: string | null, name: string | null][]} */
  const cases = [
    ['attachment; filename="events.csv"', 'events.csv'],
    ['attachment', null],
    [null, null],
    ['attachment; filename="../x"', null],
    ['attachment; filename="a\\b"', null],
  ];
  for (const [header, name] of cases) assert.equal(fileName(header), name, String(header));
});

/**
 * @param {number} t @param {number | null} left @param {number | null} right @param {CurveFrame['gate']} [gate]
 * @returns {CurveFrame}
 */
const frame = (t, left, right, gate = 'ok') => ({ t, left, right, gate });

/** @type {Curve} */
const CURVE = {
  frames: [
    frame(0, 0.3, 0.31),
    frame(100, 0.3, 0.31),
    frame(200, null, null, 'no_face'),
    frame(300, 0.05, 0.04),
    frame(400, null, null, 'no_face'),
    frame(1000, 0.3, 0.28, 'blurred'),
  ],
  closures: [{ start_ms: 250, closed_ms: 300, end_ms: 420 }],
  captures: { open: 100, closed: 300 },
  cells: [
    { t: 100, place: [0, 0], claimed: { left: 0.3, right: 0.31 }, scored: { left: 0.29, right: 0.3 } },
    { t: 300, place: [0, 0], claimed: { left: 0.05, right: 0.04 }, scored: { left: 0.06, right: 0.07 } },
    { t: 1000, place: [0, 1], claimed: { left: 0.3, right: 0.28 }, scored: null },
  ],
};

test('lines break where no eyes were read, and single frames stay visible', () => {
  assert.deepEqual(runs(CURVE.frames, 'left').map((run) => run.map(({ t }) => t)), [[0, 100], [300], [1000]]);
  assert.deepEqual(runs([], 'left'), []);
  assert.equal(pathOf([{ x: 1, y: 2 }, { x: 3, y: 4 }]), 'M1 2L3 4');
  assert.equal(pathOf([{ x: 1, y: 2 }]), 'M1 2h0');
  assert.equal(pathOf([]), '');
});

test('frames are counted by gate, the most frequent first', () => {
  assert.deepEqual(gateCounts(CURVE), [['ok', 3], ['no_face', 2], ['blurred', 1]]);
});

test('a close-up shows a closure and its surroundings within the recording', () => {
  assert.deepEqual(closureSpans(CURVE), [{ from: 0, to: 820 }]);
  assert.deepEqual(wholeSpan(CURVE), { from: 0, to: 1000 });
  const single = { ...CURVE, frames: [frame(70, 0.3, 0.3)] };
  assert.ok(wholeSpan(single).to > wholeSpan(single).from, 'a single frame has a length, too');
});

test('a cell’s difference is the server’s reading minus the claim, if both exist', () => {
  assert.deepEqual(CURVE.cells.map((cell) => apart(cell)?.toFixed(3) ?? null), ['-0.010', '0.020', null]);
  assert.equal(greatestEar(CURVE), 0.31);
});

const SIZE = { width: 900, height: 280 };

test('every frame that was read has a point inside the plot: later is further right, closed is lower', () => {
  const { lines, inner } = layOut(CURVE, wholeSpan(CURVE), SIZE);
  for (const eye of /** @type {const} */ (['left', 'right'])) {
    const points = lines[eye].flat();
    assert.equal(points.length, CURVE.frames.filter((one) => one[eye] !== null).length, eye);
    for (const { x, y } of points) {
      assert.ok(x >= inner.left && x <= inner.right && y >= inner.top && y <= inner.bottom, `${x} ${y}`);
    }
    assert.deepEqual(points.map(({ x }) => x), points.map(({ x }) => x).sort((a, b) => a - b));
    assert.ok((points[2]?.y ?? 0) > (points[1]?.y ?? 0));
  }
  assert.equal(lines.left[0]?.[0]?.x, inner.left);
  assert.equal(lines.left.at(-1)?.at(-1)?.x, inner.right);
});

test('closures, captures, cells and faults are drawn at their frames', () => {
  const { lines, closures, captures, cells, faults } = layOut(CURVE, wholeSpan(CURVE), SIZE);
  const xOf = lines.left.flat().map(({ x }) => x);
  assert.deepEqual(captures.map(({ kind, x }) => [kind, x]), [['open', xOf[1]], ['closed', xOf[2]]]);
  assert.deepEqual(cells.map(({ x }) => x), [xOf[1], xOf[2], xOf[3]]);
  assert.equal(cells[2]?.scored, null);
  assert.equal(faults.length, 3);
  const [closure] = closures;
  assert.ok(
    closure && closure.x < (xOf[2] ?? 0) && closure.x + closure.width > (xOf[2] ?? 0),
    'the closed frame is inside the closure',
  );
});

test('a part of the recording is laid out without anything outside it', () => {
  const { lines, cells, captures, seconds, inner } = layOut(CURVE, { from: 250, to: 450 }, SIZE);
  assert.deepEqual(lines.left.flat().length, 1);
  assert.deepEqual(cells.map(({ number }) => number), [2]);
  assert.deepEqual(captures.map(({ kind }) => kind), ['closed']);
  assert.ok(
    seconds.length >= 2 && seconds.every(({ t, x }) => t >= 250 && t <= 450 && x >= inner.left && x <= inner.right),
  );
});

test('labels on the time axis keep their distance at every span and width', () => {
  for (const width of [280, 390, 900]) {
    for (const length of [200, 1_400, 14_000, 60_000, 600_000]) {
      const frames = [frame(0, 0.3, 0.3), frame(length, 0.3, 0.3)];
      const { seconds } = layOut({ ...CURVE, frames }, { from: 0, to: length }, { width, height: 280 });
      const gaps = seconds.slice(1).map(({ x }, index) => x - (seconds[index]?.x ?? 0));
      assert.ok(seconds.length > 0 && gaps.every((gap) => gap >= 60), `${length} ms on ${width}: ${gaps}`);
    }
  }
});

test('unusually wide eyes still fit, and a negative ratio is drawn at zero', () => {
  const wide = { ...CURVE, frames: [frame(0, 0.62, -0.01), frame(10, 0.3, 0.3)] };
  const { lines, inner, ears } = layOut(wide, wholeSpan(wide), SIZE);
  assert.ok((lines.left[0]?.[0]?.y ?? 0) >= inner.top);
  assert.equal(lines.right[0]?.[0]?.y, inner.bottom);
  assert.equal(ears.at(-1)?.ear, 0.7);
});

test('cells are laid side by side within the plot’s width, no larger than their pictures', () => {
  const at = Array.from({ length: 24 }, (_, index) => ({ x: 40 + index * 3 }));
  const many = layOutCells(at, 900);
  assert.equal(many.side, 37);
  assert.ok(
    many.leaders.every(
      ({ to }, index) => to > 0 && to < 900 && (index === 0 || to - (many.leaders[index - 1]?.to ?? 0) === 37),
    ),
  );
  const few = layOutCells(at.slice(0, 2), 900);
  assert.equal(few.side, CELL_PX);
  assert.deepEqual(few.leaders.map(({ to }) => to), [450 - CELL_PX / 2, 450 + CELL_PX / 2]);
  assert.deepEqual(layOutCells([], 900).leaders, []);
});

test('moments are shown to the second in UTC, and anything else is left unchanged', () => {
  assert.equal(moment('2026-11-26T01:02:03.456Z'), '2026-11-26 01:02:03');
  assert.equal(moment('2026-11-26T01:02:03+02:00'), '2026-11-25 23:02:03');
  assert.equal(moment('soon'), 'soon');
  assert.equal(timeOf('2026-11-26T00:00:02.500Z', '2026-11-26T00:00:00Z'), '+2.5 s');
  assert.equal(timeOf('2026-11-28T00:00:02Z', '2026-11-26T00:00:00Z'), '2026-11-28 00:00:02');
});

test('the timeline says what was asked and how it ended', () => {
  const at = '2026-11-26T00:00:00Z';
  /** @type {[moment: import('../../www/assets/admin/types.js').Moment, about: string | null][]} */
  const cases = [
    [{ at, what: 'challenge_issued', policy: 'prompted', attempt: 1 }, 'Three gestures, one by one'],
    [{ at, what: 'cue_shown', step: 0, round: 3, gesture: 'twice', delay_ms: 900, hold_ms: 0 }, 'Step 1: blink twice'],
    [{ at, what: 'cue_committed', round: 3, outcome: 'done' }, 'Done in time'],
    [{ at, what: 'decided', status: 'FAILED', reason: 'timeout' }, 'Failed'],
    [{ at, what: 'reviewed', decision: 'approve', note: null, actor: 'ops' }, 'Approved by ops'],
    [{ at, what: 'submitted' }, null],
    [/** @type {any} */ ({ at, what: 'brand_new' }), null],
  ];
  for (const [one, about] of cases) assert.equal(aboutOf(one), about, one.what);
});

test('traces are counted over every user of the address', () => {
  const traces = {
    attempts: 2, attempts_with_captures: 0, links: 1, sessions: 0, challenges: 0, mails: 0, counted_failures: 3,
  };
  assert.deepEqual(
    countsOf({
      users: [
        { user: 'a', status: 'FAILED', would_erase: traces },
        { user: 'b', status: 'VERIFIED', would_erase: traces },
      ],
    }),
    {
      users: 2, attempts: 4, attempts_with_captures: 0, links: 2, sessions: 0, challenges: 0, mails: 0,
      counted_failures: 6,
    },
  );
});

test('unknown codes are shown unchanged, unknown problems in the server’s words', () => {
  assert.equal(wordOf('reason', 'timeout'), 'Time ran out before everything was done');
  assert.equal(wordOf('reason', 'brand_new'), 'brand_new');
  assert.ok(reasons().includes('timeout') && reasons().length > 25);
  assert.equal(problemWords(new Problem('brand_new', { detail: 'Do this.' })), 'Do this.');
  assert.match(problemWords(new Problem('too_many_requests', { retryAfterMs: 4_200 })), / 5 s\./);
  assert.match(problemWords(new Problem('too_many_requests')), /later/);
});

test('missing figures are shown as a dash', () => {
  assert.deepEqual([figure(0.12345), figure(null), figure(undefined)], ['0.123', '–', '–']);
  assert.deepEqual([bothEyes({ left: 0.1, right: 0.2 }), bothEyes(null)], ['0.100 / 0.200', null]);
});
