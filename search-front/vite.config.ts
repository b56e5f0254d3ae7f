import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// During development the API runs beside Vite; BOXLENS_API points elsewhere when 8080 is taken.
const api = process.env.BOXLENS_API ?? 'http://127.0.0.1:8080'
const proxied = Object.fromEntries(['/v1', '/file', '/readyz', '/healthz'].map((path) => [path, { target: api }]))

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  server: { host: '127.0.0.1', proxy: proxied },
  build: {
    target: 'es2023',
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { output: { chunkFileNames: 'assets/[hash].js' } }, // names of files are half a kilobyte of the first load; the manifest has them
  },
  test: { environment: 'happy-dom', setupFiles: ['src/testing/languages.ts'], include: ['src/**/*.test.ts', '*.test.ts'], restoreMocks: true },
})
