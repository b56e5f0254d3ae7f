import { describe, expect, it } from 'vitest'
import { filterOf, parseCondition, turned, without, type Condition } from '@/conditions'
import { pieces } from '@/marked'
import { firstDay, lastDay, unitOf } from '@/period'
import { askedOf } from '@/query'
import { stepOf } from '@/relevance'
import { parseState } from '@/composables/useUrlState'

const all = (...texts: string[]) => texts.map((text) => parseCondition(text)!)

describe('the filter of conditions', () => {
  it.each<[string[], object | undefined]>([
    [[], undefined],
    [['label:dog', 'label:cat', 'tag:sea'], { label: ['dog', 'cat'], tags: ['sea'] }],
    [['colour:red', 'format:png', 'camera:Canon: EOS', 'position:left'], { colours: ['red'], format: ['png'], camera: ['Canon: EOS'], position: ['left'] }],
    [['text:中关 TAXI'], { ocr_text: ['中关 TAXI'] }],
    [['area:0.05..0.25', 'score:0.7..'], { area_share: { gte: 0.05, lte: 0.25 }, box_score: { gte: 0.7 } }],
    [['taken:2023'], { taken_at: { gte: '2023', lte: '2023' } }],
    [['taken:..2023-06-01'], { taken_at: { lte: '2023-06-01' } }],
    [['taken:2021', 'taken:2023'], { any: [{ taken_at: { gte: '2021', lte: '2021' } }, { taken_at: { gte: '2023', lte: '2023' } }] }],
    [['near:39.9,-116.4,5'], { location: { near: { lat: 39.9, lon: -116.4, km: 5 } } }],
    [['count:dog:2..', 'count:a:b:..3'], { count: { dog: { gte: 2 }, 'a:b': { lte: 3 } } }],
  ])('%j', (texts, filter) => {
    expect(filterOf(all(...texts))).toEqual(filter)
  })

  it('puts a value in and takes it out, and one size in the place of another', () => {
    const [dog, small, large] = all('label:dog', 'area:..0.05', 'area:0.25..') as [Condition, Condition, Condition]
    expect(turned([dog], small)).toEqual([dog, small])
    expect(turned([dog, small], large)).toEqual([dog, large])
    expect(turned([dog, small], dog)).toEqual([small])
    expect(without([dog, small], { ...small })).toEqual([dog])
  })
})

describe('what is asked', () => {
  it('is nothing for an untouched page, and a list of what conditions admit without words', () => {
    expect(askedOf(parseState({}))).toBeNull()
    expect(askedOf(parseState({ f: 'label:dog' }))).toEqual({ clauses: [], read_text: true, filter: { label: ['dog'] } })
  })

  it('is everything when there is but an order', () => {
    expect(askedOf(parseState({ sort: '-taken_at' }))).toEqual({ clauses: [], read_text: true, filter: { area_share: { gte: 0 } }, sort: '-taken_at' })
  })

  it('says only what differs from the usual', () => {
    expect(askedOf(parseState({ q: 'dog' }))).toEqual({ clauses: [{ text: 'dog' }], read_text: true })
    expect(askedOf(parseState({ q: 'dog', rel: 'all', sort: '-taken_at', fold: 'off', ignore: 'all_of:two dogs' }))).toEqual({
      clauses: [{ text: 'dog' }], read_text: true, min_relevance: null, sort: '-taken_at', fold: false, ignore: ['all_of:two dogs'],
    })
    expect(askedOf(parseState({ q: 'dog', rel: '35' }))?.min_relevance).toBe(0.35)
    expect(askedOf(parseState({ q: 'dog', by: 'object' }))).toEqual({ clauses: [{ text: 'dog' }], read_text: true, group_by: 'object', fold: false })
  })

  it('knows the three steps of relevance from an own one', () => {
    expect(['auto', 'all', 0.5, 0.35].map((each) => stepOf(each as 'auto'))).toEqual(['auto', 'all', 'strict', 'own'])
  })
})

describe('marked words', () => {
  it('are cut by code points, not by units of UTF-16', () => {
    expect(pieces('🐕🐕 red car', [[3, 6]])).toEqual([{ text: '🐕🐕 ', hit: false }, { text: 'red', hit: true }, { text: ' car', hit: false }])
  })

  it('keep every character, and markup as the text it is', () => {
    const text = '<b>红色</b>汽车'
    const cut = pieces(text, [[3, 5], [9, 11]])
    expect(cut.map((piece) => piece.text).join('')).toBe(text)
    expect(cut.filter((piece) => piece.hit).map((piece) => piece.text)).toEqual(['红色', '汽车'])
  })

  it('that overlap or reach beyond the text are cut to it', () => {
    expect(pieces('abcd', [[1, 3], [2, 9]])).toEqual([{ text: 'a', hit: false }, { text: 'bc', hit: true }, { text: 'd', hit: true }])
  })
})

describe('stretches of time', () => {
  it.each([
    ['2023', '2023', 'year'],
    ['2021', '2023', 'year'],
    ['2023-07', '2023-07', 'month'],
    ['2023-07-01T00:00:00.000Z', '2023-07-31T23:59:59.999Z', 'month'],
    ['2024-02', '2024-02-29', 'month'],
    ['2023-02', '2023-02-27', 'day'],
    ['2023-07-04', '2023-07-04', 'day'],
  ])('%s to %s are whole %ss', (from, to, unit) => {
    expect(unitOf(firstDay(from), lastDay(to))).toBe(unit)
  })

  it('may be open', () => {
    expect(unitOf('2023-01-01', undefined)).toBe('year')
    expect(unitOf(undefined, '2023-06-30')).toBe('month')
  })
})
