// @vitest-environment node
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import openapiTS, { astToString } from 'openapi-typescript'

const here = import.meta.dirname

it('holds the types that openapi.json gives: otherwise run `npm run types`', { timeout: 60_000 }, async () => {
  const made = astToString(await openapiTS(new URL('../openapi.json', import.meta.url), { rootTypes: false }))
  const kept = readFileSync(join(here, '../src/api/schema.d.ts'), 'utf8')
  const bare = (text: string) => text.replace(/^\/\*\*[\s\S]*?\*\/\s*/, '').trim()
  expect(bare(kept)).toBe(bare(made))
})
