/** Years and months with pictures, and the spans of them that a person chooses. */
import type { Spread } from '@/api/types'
import { parseTime, type Condition } from '@/url/conditions'

export type Months = Spread['months']

/** From the first to the last month, both as `2023-07`. */
export interface Span {
  first: string
  last: string
}

export interface Bar {
  span: Span
  count: number
}

const MOST_EMPTY_YEARS = 40 // between the first and the last picture; where it is more, only years with pictures are shown

export const yearOf = (month: string) => month.slice(0, 4)
export const wholeYear = (year: string): Span => ({ first: `${year}-01`, last: `${year}-12` })

function countOf(months: Months, { first, last }: Span): number {
  return months.reduce((sum, { month, count }) => (first <= month && month <= last ? sum + count : sum), 0)
}

export function yearsOf(months: Months): Bar[] {
  const years = [...new Set(months.map(({ month }) => yearOf(month)))]
  const [first, last] = [Number(years[0]), Number(years.at(-1))]
  const shown = last - first < MOST_EMPTY_YEARS ? Array.from({ length: years.length > 0 ? last - first + 1 : 0 }, (_, i) => String(first + i).padStart(4, '0')) : years
  return shown.map((year) => ({ span: wholeYear(year), count: countOf(months, wholeYear(year)) }))
}

export function monthsOf(months: Months, year: string): Bar[] {
  return Array.from({ length: 12 }, (_, i) => {
    const month = `${year}-${String(i + 1).padStart(2, '0')}`
    return { span: { first: month, last: month }, count: countOf(months, { first: month, last: month }) }
  })
}

export const spanCount = countOf

/** Both spans and what lies between them. */
export function extended(a: Span, b: Span): Span {
  return { first: a.first < b.first ? a.first : b.first, last: a.last > b.last ? a.last : b.last }
}

export const holds = (outer: Span, inner: Span) => outer.first <= inner.first && inner.last <= outer.last

/** The span as a condition: years where it is whole ones. */
export function spanCondition({ first, last }: Span): Condition {
  const whole = first.endsWith('-01') && last.endsWith('-12')
  const [from, until] = whole ? [yearOf(first), yearOf(last)] : [first, last]
  return { field: 'taken', value: from === until ? from : `${from}..${until}` }
}

/** The span of a condition of whole months or years; null for any other. */
export function spanOf(condition: Condition | undefined): Span | null {
  const { gte, lte } = (condition?.field === 'taken' && parseTime(condition.value)) || {}
  if (!gte || !lte || gte.length > 7 || lte.length > 7) return null
  return { first: gte.length === 4 ? `${gte}-01` : gte, last: lte.length === 4 ? `${lte}-12` : lte }
}
