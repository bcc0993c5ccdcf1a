/* SPDX-License-Identifier: MIT */
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// In development, `BALUHOST_URL=http://127.0.0.1:8080 npm run dev` serves the UI with hot reload in front of a running bridge.
const bridge = process.env.BALUHOST_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), tailwindcss()],
  server: { proxy: { '/api': { target: bridge, changeOrigin: true } } },
  build: {
    target: ['chrome123', 'firefox120', 'safari17.5'],
    // Everything is a file of our own origin: the content security policy allows neither data: scripts nor inline styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: 'build-manifest.json',
    reportCompressedSize: false,
  },
  test: { include: ['src/**/*.test.ts', 'src/**/*.test.tsx'] },
});
