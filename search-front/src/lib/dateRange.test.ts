import { describe, expect, it } from 'vitest'
import { firstDay, lastDay, unitOf } from './dateRange'

describe('ranges of days', () => {
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
