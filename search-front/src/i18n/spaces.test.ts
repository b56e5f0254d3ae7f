// @vitest-environment node
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import chinese from './locales/zh-CN.json'

const SOURCES = join(import.meta.dirname, '..')
/** A space beside Chinese on both sides, or beside a full-width mark. Plurals are parted by bars, which are taken out. */
const STRAY = /[\p{Script=Han}，。：；、！？（）“”…] +[\p{Script=Han}，。：；、！？（）“”]|[，。：；、！？（）] +\S|\S +[，。：；、！？（）]/u

type Texts = { [key: string]: string | Texts }

function messages(texts: Texts, path = ''): [string, string][] {
  return Object.entries(texts).flatMap(([key, text]) => (typeof text === 'string' ? text.split('|').map((form): [string, string] => [path + key, form.trim()]) : messages(text, `${path}${key}.`)))
}

it('no Chinese text has a stray space', () => {
  expect(messages(chinese).filter(([, text]) => STRAY.test(text))).toEqual([])
})

it('no template puts a space between two sentences of its own, as Chinese has none there', () => {
  const templates = globSync('**/*.vue', { cwd: SOURCES })
  expect(templates.length).toBeGreaterThan(40)
  const joined = templates.filter((name) => /\}\}\s+\{\{ t\(/.test(readFileSync(join(SOURCES, name), 'utf8')))
  expect(joined).toEqual([])
})
