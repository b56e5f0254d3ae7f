import { describe, expect, it } from 'vitest'
import { parseCondition } from '@/url/conditions'
import { extended, monthsOf, spanCondition, spanCount, spanOf, wholeYear, yearsOf, type Months } from './timeline'

const months: Months = [{ month: '2021-05', count: 2 }, { month: '2023-07', count: 5 }, { month: '2023-11', count: 1 }]

describe('the timeline', () => {
  it('has a bar for each year between the first and the last', () => {
    expect(yearsOf(months).map(({ span, count }) => [span.first, count])).toEqual([['2021-01', 2], ['2022-01', 0], ['2023-01', 6]])
    expect(yearsOf([])).toEqual([])
  })

  it('leaves out empty years where they would be too many', () => {
    expect(yearsOf([{ month: '1900-01', count: 1 }, ...months]).map(({ count }) => count)).toEqual([1, 2, 6])
  })

  it('has twelve bars for a year', () => {
    expect(monthsOf(months, '2023').map(({ count }) => count)).toEqual([0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 1, 0])
  })

  it('counts a span from one choice to another, in whichever order', () => {
    const [may, july] = [{ first: '2021-05', last: '2021-05' }, { first: '2023-07', last: '2023-07' }]
    expect(extended(july, may)).toEqual(extended(may, july))
    expect(spanCount(months, extended(may, july))).toBe(7)
  })

  it.each([
    [wholeYear('2023'), 'taken:2023'],
    [extended(wholeYear('2021'), wholeYear('2023')), 'taken:2021..2023'],
    [{ first: '2023-07', last: '2023-07' }, 'taken:2023-07'],
    [{ first: '2021-05', last: '2023-07' }, 'taken:2021-05..2023-07'],
  ])('%j is the condition %s, and back', (span, text) => {
    expect(spanCondition(span)).toEqual(parseCondition(text))
    expect(spanOf(parseCondition(text)!)).toEqual(span)
  })

  it('knows no span of days, of open times and of other fields', () => {
    for (const text of ['taken:2023-07-04', 'taken:2023..', 'label:2023']) expect(spanOf(parseCondition(text)!)).toBeNull()
    expect(spanOf(undefined)).toBeNull()
  })
})
