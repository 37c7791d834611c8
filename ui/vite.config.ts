import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const gateway = process.env['FANLIGHT_URL'] ?? 'http://127.0.0.1:8080';
const proxied = Object.fromEntries(
  ['/api', '/auth', '/open', '/sign-in/', '/ws'].map((path) => [path, { target: gateway, ws: path === '/ws' }]),
);

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    // The Content-Security-Policy allows no data: fonts, scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  server: { proxy: proxied },
  test: { include: ['src/**/*.test.ts'], environment: 'happy-dom' },
});
