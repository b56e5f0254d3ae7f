import { describe, expect, it } from 'vitest'
import { highlight } from './highlight'

describe('highlighted words', () => {
  it('are cut by code points, not by units of UTF-16', () => {
    expect(highlight('🐕🐕 red car', [[3, 6]])).toEqual([{ text: '🐕🐕 ', hit: false }, { text: 'red', hit: true }, { text: ' car', hit: false }])
  })

  it('keep every character, and markup as the text it is', () => {
    const text = '<b>红色</b>汽车'
    const segments = highlight(text, [[3, 5], [9, 11]])
    expect(segments.map((segment) => segment.text).join('')).toBe(text)
    expect(segments.filter((segment) => segment.hit).map((segment) => segment.text)).toEqual(['红色', '汽车'])
  })

  it('that overlap or reach beyond the text are cut to it', () => {
    expect(highlight('abcd', [[1, 3], [2, 9]])).toEqual([{ text: 'a', hit: false }, { text: 'bc', hit: true }, { text: 'd', hit: true }])
  })
})
