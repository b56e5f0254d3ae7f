// @vitest-environment node
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from 'vite'

const LIMIT = 120 * 1024

let folder = ''
let manifest: Manifest = {}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'boxlens-page-'))
  // In its own process: under vitest the libraries would give their development builds.
  execFileSync(process.execPath, ['node_modules/vite/bin/vite.js', 'build', '--outDir', folder, '--emptyOutDir'], {
    cwd: import.meta.dirname,
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 170_000,
  })
  manifest = JSON.parse(readFileSync(join(folder, '.vite/manifest.json'), 'utf8')) as Manifest
}, 180_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The texts of the language that has more of them: of the two a page fetches one. */
function longestTexts(): string {
  const texts = Object.values(manifest).filter(({ src }) => src?.startsWith('src/i18n/locales/')).map(({ file }) => file)
  return texts.toSorted((a, b) => compressed(b) - compressed(a))[0]!
}

const compressed = (file: string) => gzipSync(readFileSync(join(folder, file))).length

/** The entry, all it imports at once, and its texts; what is imported on demand later is not in it. */
function firstLoad(): string[] {
  const chunks = new Set<string>()
  const visit = (name: string): void => {
    if (chunks.has(name)) return
    chunks.add(name)
    manifest[name]?.imports?.forEach(visit)
  }
  visit('index.html')
  return [...[...chunks].map((name) => manifest[name]!.file), longestTexts()]
}

describe('the build', () => {
  it('loads at most 120 KiB of compressed script at first', () => {
    const files = firstLoad()
    expect(files.length).toBeGreaterThan(0)
    const bytes = files.reduce((sum, file) => sum + compressed(file), 0)
    process.stdout.write(`${bytes} bytes of compressed script at first load\n`)
    expect(bytes).toBeLessThanOrEqual(LIMIT)
    expect(bytes).toBeGreaterThan(20 * 1024) // the measure itself found the script
  })

  it('has no inline script or style, as the content security policy forbids both', () => {
    const html = readFileSync(join(folder, 'index.html'), 'utf8')
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/)
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/)
  })
})
