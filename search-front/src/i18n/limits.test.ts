import { beforeEach, expect, it } from 'vitest'
import { Problem, problemOf, type Limits } from '@/api/problem'
import { withLanguages } from '@/testing/mounting'
import { i18n, type Language } from './language'
import { useFormatters } from './useFormatters'

beforeEach(() => (i18n.global.locale.value = 'en'))

const told = (language: Language, limits: Limits) => {
  i18n.global.locale.value = language
  return withLanguages(useFormatters).explain(new Problem('too_large', 413, '', '', limits)).todo
}

it.each<[Limits, string, string]>([
  [{ bytes: 20 * 1024 * 1024, pixels: 64_000_000 }, 'At most 20 MB and 64 megapixels.', '最多 20 MB、6,400 万像素。'],
  [{ bytes: 500_000 }, 'At most 500 kB.', '最多 500 kB。'],
  [{ characters: 2000 }, 'At most 2,000 characters.', '最多 2,000 个字符。'],
  [{ items: 8 }, 'At most 8.', '最多 8。'],
])('%j is named in both languages', (limits, en, zh) => {
  expect(told('en', limits)).toBe(`Make it smaller and try again. ${en}`)
  expect(told('zh-CN', limits).endsWith(zh)).toBe(true)
})

it('limits come with the problem of the service', async () => {
  const body = { code: 'bad_input', limits: { characters: 2000 } }
  expect((await problemOf(Response.json(body, { status: 422 }))).limits).toEqual({ characters: 2000 })
  expect((await problemOf(Response.json({}, { status: 500 }))).limits).toEqual({})
})
