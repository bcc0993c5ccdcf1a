/* SPDX-License-Identifier: MIT */
// Fails when what a browser must load first, or for one page, is larger than its budget. Sizes are gzip, in KB of 1000 bytes.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET = { script: 110, style: 15, page: 120 };
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('build-manifest.json', dist), 'utf8'));
const gzip = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;

/** Every chunk that is loaded together with `key`: itself and what it imports statically. */
function closure(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of manifest[key].imports ?? []) closure(next, seen);
  return seen;
}

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const initial = closure(entry);
const styles = (keys) => new Set([...keys].flatMap((key) => manifest[key].css ?? []));
const sum = (files) => [...files].reduce((total, file) => total + gzip(file), 0) / 1000;
const scripts = (keys) => sum(new Set([...keys].map((key) => manifest[key].file)));

let failed = false;
function check(name, size, budget) {
  const over = size > budget;
  failed ||= over;
  console.log(`${over ? 'OVER' : 'ok  '} ${name.padEnd(40)} ${size.toFixed(1).padStart(7)} of ${budget} KB`);
}

check('first load, script', scripts(initial), BUDGET.script);
check('first load, style', sum(styles(initial)), BUDGET.style);
for (const key of Object.keys(manifest).filter((name) => manifest[name].isDynamicEntry)) {
  const more = new Set([...closure(key)].filter((name) => !initial.has(name)));
  check(`then ${manifest[key].name}`, scripts(more), BUDGET.page);
}
process.exit(failed ? 1 : 0);
