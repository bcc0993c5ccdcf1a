/* SPDX-License-Identifier: MIT */
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vitest/config';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The browser tests live in tests/e2e, beside those of the other front ends; the packages that they import are here. */
function packagesOfTheUi(): Plugin {
  return {
    name: 'packages-of-the-ui',
    enforce: 'pre',
    resolveId(id, importer) {
      if (!importer?.includes('/tests/e2e/') || !/^[@a-z]/.test(id) || id.startsWith('node:')) return null;
      return this.resolve(id, `${here}vitest.e2e.config.ts`, { skipSelf: true });
    },
  };
}

export default defineConfig({
  plugins: [packagesOfTheUi()],
  server: { fs: { strict: false } },
  test: {
    dir: fileURLToPath(new URL('../../tests/e2e', import.meta.url)),
    include: ['**/*.test.ts'],
    // They share one sandbox and two processor cores.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
