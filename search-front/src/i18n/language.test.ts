import { describe, expect, it } from 'vitest'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { preferredLanguage } from './language'
import en from './locales/en.json'
import zhCN from './locales/zh-CN.json'

type Tree = { [key: string]: string | Tree }

function leaves(tree: Tree, path = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[path + key, value] as [string, string]] : leaves(value, `${path}${key}.`),
  )
}

const english = leaves(en)
const chinese = new Map(leaves(zhCN))
const names = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].toSorted()

describe('the two languages', () => {
  it('have the same keys', () => {
    expect([...chinese.keys()]).toEqual(english.map(([key]) => key))
  })

  it.each(english)('name the same things in %s', (key, text) => {
    expect(names(chinese.get(key)!)).toEqual(names(text))
    expect(chinese.get(key)!.split('|')).toHaveLength(text.split('|').length)
  })

  it('hold every key that the code asks for', () => {
    const keys = new Set(english.map(([key]) => key))
    const folder = join(import.meta.dirname, '..')
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((f) => /\.(vue|ts)$/.test(f))
    const used = sources.flatMap((file) =>
      [...readFileSync(join(folder, file), 'utf8').matchAll(/\bt\('([\w.]+)'/g)].map((m) => m[1]!),
    )
    expect(used.length).toBeGreaterThan(50)
    expect(used.filter((key) => !keys.has(key))).toEqual([])
  })
})

describe('the language at the start', () => {
  it.each([
    [null, ['zh-TW', 'en'], 'zh-CN'],
    [null, ['fr', 'en-GB', 'zh'], 'en'],
    [null, ['fr'], 'en'],
    ['zh-CN', ['en'], 'zh-CN'],
    ['xx', ['zh'], 'zh-CN'],
  ] as const)('chosen %s, browser %j: %s', (chosen, browser, expected) => {
    expect(preferredLanguage(chosen, browser)).toBe(expected)
  })
})
