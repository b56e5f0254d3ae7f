// @vitest-environment node
import { expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import openapiTS, { astToString } from 'openapi-typescript'

const here = import.meta.dirname

it('holds the types that openapi.json gives: otherwise run `npm run types`', { timeout: 60_000 }, async () => {
  const generated = astToString(await openapiTS(new URL('../../openapi.json', import.meta.url), { rootTypes: false }))
  const committed = readFileSync(join(here, 'schema.d.ts'), 'utf8')
  const bare = (text: string) => text.replace(/^\/\*\*[\s\S]*?\*\/\s*/, '').trim()
  expect(bare(committed)).toBe(bare(generated))
})
