/** The conditions a person chose, as chips, in the address, and as the filter of the service. */
import type { Filter } from '@/api/types'
import { AROUND_KM, type Area, type Place } from '@/lib/place'

/** Fields with values of their own, counted by the service except `position` and `text`. */
const TERMS = { label: 'label', tag: 'tags', album: 'albums', colour: 'colours', format: 'format', camera: 'camera', position: 'position', text: 'ocr_text' } as const

/** Fields with bounds: `0.1..0.5`, either side left out to stay open. */
const RANGES = { area: 'area_share', score: 'box_score' } as const

export type TermField = keyof typeof TERMS
export type Field = TermField | keyof typeof RANGES | 'taken' | 'count' | 'near' | 'inside'

/**
 * One chip: a field and its value as text. `taken` has a year or `2023-01..2023-06`, `count` has `LABEL:2..3`, `near` has
 * latitude, longitude and kilometres: `39.9,116.4,5`, `inside` has west, south, east and north of an area: `116,39,117,40`.
 */
export interface Condition {
  field: Field
  value: string
}

export interface Bounds {
  gte?: number
  lte?: number
}

const FIELDS: readonly string[] = [...Object.keys(TERMS), ...Object.keys(RANGES), 'taken', 'count', 'near', 'inside']
const SINGLE: readonly (readonly Field[])[] = [['area'], ['score'], ['near', 'inside']] // a new value replaces the one before of these fields
const MAX_KM = 20_000 // half the circumference of the earth
const DAY = /^\d{4}(-\d{2}){0,2}$/

/** "a..b" as two sides, "" where one is open; a value alone is both. */
function sides(text: string): [string, string] {
  const dots = text.indexOf('..')
  return dots < 0 ? [text, text] : [text.slice(0, dots), text.slice(dots + 2)]
}

export function parseBounds(text: string): Bounds | null {
  const [low, high] = sides(text)
  const bounds: Bounds = {}
  if (low) bounds.gte = Number(low)
  if (high) bounds.lte = Number(high)
  const values = Object.values(bounds)
  return values.length > 0 && values.every((n) => Number.isFinite(n)) ? bounds : null
}

/** First and last day of a time, as it was written; null when it is none. */
export function parseTime(text: string): { gte?: string; lte?: string } | null {
  const [low, high] = sides(text)
  if ((low && !DAY.test(low)) || (high && !DAY.test(high)) || !(low || high)) return null
  return { ...(low && { gte: low }), ...(high && { lte: high }) }
}

/** The label of a count and how many of it; a label may hold colons. */
export function parseCount(text: string): { label: string; bounds: Bounds } | null {
  const colon = text.lastIndexOf(':')
  const bounds = parseBounds(text.slice(colon + 1))
  return colon > 0 && bounds ? { label: text.slice(0, colon), bounds } : null
}

export function parseNear(text: string): (Place & { km: number }) | null {
  const numbers = text.split(',').map(Number)
  const [lat = NaN, lon = NaN, km = NaN] = numbers
  const valid = numbers.length === 3 && Math.abs(lat) <= 90 && Math.abs(lon) <= 180 && km > 0 && km <= MAX_KM
  return valid ? { lat, lon, km } : null
}

export function parseInside(text: string): Area | null {
  const numbers = text.split(',').map(Number)
  const [west = NaN, south = NaN, east = NaN, north = NaN] = numbers
  const valid = numbers.length === 4 && west >= -180 && west < east && east <= 180 && south >= -90 && south < north && north <= 90
  return valid ? [west, south, east, north] : null
}

/** Admits pictures from inside an area. */
export function insideArea(area: Area): Condition {
  return { field: 'inside', value: area.map((side) => Number(side.toFixed(5))).join() }
}

/** Admits pictures from around a place. */
export function nearPlace({ lat, lon }: Place): Condition {
  return { field: 'near', value: [lat.toFixed(5), lon.toFixed(5), AROUND_KM].join() }
}

function isValid({ field, value }: Condition): boolean {
  if (field === 'taken') return parseTime(value) !== null
  if (field === 'count') return parseCount(value) !== null
  if (field === 'near') return parseNear(value) !== null
  if (field === 'inside') return parseInside(value) !== null
  if (field in RANGES) return parseBounds(value) !== null
  return value !== ''
}

/** `label:dog` and the like, as the address has it; null when the field or its value is none. */
export function parseCondition(text: string): Condition | null {
  const colon = text.indexOf(':')
  const field = text.slice(0, Math.max(colon, 0))
  if (!FIELDS.includes(field)) return null
  const condition = { field: field as Field, value: text.slice(colon + 1).trim() }
  return isValid(condition) ? condition : null
}

export const formatCondition = ({ field, value }: Condition): string => `${field}:${value}`

const same = (a: Condition, b: Condition) => a.field === b.field && a.value === b.value

export function isChosen(conditions: readonly Condition[], condition: Condition): boolean {
  return conditions.some((other) => same(other, condition))
}

export function withoutCondition(conditions: readonly Condition[], condition: Condition): Condition[] {
  return conditions.filter((other) => !same(other, condition))
}

/** The conditions with `condition` put in, or taken out when it is there. */
export function toggleCondition(conditions: readonly Condition[], condition: Condition): Condition[] {
  if (isChosen(conditions, condition)) return withoutCondition(conditions, condition)
  const replaced = SINGLE.find((fields) => fields.includes(condition.field)) ?? []
  const others = conditions.filter(({ field }) => !replaced.includes(field))
  return [...others, condition]
}

/** Fields must all hold; of several values of one field any may, except of counts, which must all hold too. */
export function toFilter(conditions: readonly Condition[]): Filter | undefined {
  if (conditions.length === 0) return undefined
  const filter: Filter = {}
  const times: Filter[] = []
  for (const { field, value } of conditions) {
    if (field === 'taken') times.push({ taken_at: parseTime(value)! })
    else if (field === 'count') {
      const { label, bounds } = parseCount(value)!
      filter.count = { ...filter.count, [label]: bounds }
    } else if (field === 'near') filter.location = { near: parseNear(value)! }
    else if (field === 'inside') filter.location = { box: parseInside(value)! }
    else if (field === 'area' || field === 'score') filter[RANGES[field]] = parseBounds(value)!
    else filter[TERMS[field]] = [...((filter[TERMS[field]] as string[] | undefined) ?? []), value]
  }
  if (times.length === 1) filter.taken_at = times[0]!.taken_at
  if (times.length > 1) filter.any = times
  return filter
}
