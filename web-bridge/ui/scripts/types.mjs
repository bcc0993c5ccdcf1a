/* SPDX-License-Identifier: MIT */
// Makes src/api/schema.d.ts out of the OpenAPI document that the bridge prints. The build gives it; a checkout finds it in a build directory.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('..', import.meta.url));
const target = join(here, 'src/api/schema.d.ts');
const root = join(here, '../..');

/** The newest document that a build has left. */
function newest() {
  const builds = [join(root, '.baluhost'), root].filter(existsSync).flatMap((parent) =>
    readdirSync(parent)
      .filter((name) => name.startsWith('build'))
      .map((name) => join(parent, name)),
  );
  const found = builds.map((build) => join(build, 'web-bridge/openapi.json')).filter(existsSync);
  return found.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

const source = process.env.BALUHOST_OPENAPI ?? newest();
if (source && (!existsSync(target) || statSync(source).mtimeMs > statSync(target).mtimeMs)) {
  const tool = join(here, 'node_modules/openapi-typescript/bin/cli.js');
  execFileSync(process.execPath, [tool, source, '-o', target], { stdio: ['ignore', 'ignore', 'inherit'] });
}
if (!existsSync(target)) {
  console.error('There is no OpenAPI document yet: build the bridge first (./dev build), or set BALUHOST_OPENAPI.');
  process.exit(1);
}
