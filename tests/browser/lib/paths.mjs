// Paths: the checkout, the built programs, the shared test material, and a folder for generated files.
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../../..');
const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
/** As `scripts/test` builds them; `scripts/bench` measures those of a release. */
const programs = join(TARGET, process.env.BLINKGATE_BUILD ?? 'debug');
export const PROGRAM = join(programs, 'blinkgate');
export const CLIP_MAKER = join(programs, 'clip-maker');
export const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';

/** Real recordings that stay outside the project; `null` if they are absent. */
const material = resolve(ROOT, '../shared/material');
export const MATERIAL = existsSync(material) ? material : null;

export const SCRATCH = join(tmpdir(), `blinkgate-browser-tests-${process.getuid?.() ?? 0}`);
mkdirSync(SCRATCH, { recursive: true });
