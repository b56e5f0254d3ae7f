/** Conditions that a person chose for what is found, between the chips, the address, and the filter of the service. */
import type { Filter } from './api/types'
import { AROUND_KM, type Place } from './place'

/** Fields with values of their own, counted by the service except `position` and `text`. */
const TERMS = { label: 'label', tag: 'tags', colour: 'colours', format: 'format', camera: 'camera', position: 'position', text: 'ocr_text' } as const

/** Fields with bounds: `0.1..0.5`, either side left out to stay open. */
const RANGES = { area: 'area_share', score: 'box_score' } as const

export type TermField = keyof typeof TERMS
export type Field = TermField | keyof typeof RANGES | 'taken' | 'count' | 'near'

/**
 * One chip: a field and its value as text. `taken` has a year or `2023-01..2023-06`, `count` has `LABEL:2..3`, `near` has
 * latitude, longitude and kilometres: `39.9,116.4,5`.
 */
export interface Condition {
  field: Field
  value: string
}

export interface Bounds {
  gte?: number
  lte?: number
}

const FIELDS: readonly string[] = [...Object.keys(TERMS), ...Object.keys(RANGES), 'taken', 'count', 'near']
const SINGLE: readonly Field[] = ['area', 'score', 'near'] // choosing another value takes the place of the one before
const HALF_ROUND = 20_000 // kilometres; farther away nothing is
const DAY = /^\d{4}(-\d{2}){0,2}$/

/** "a..b" as two sides, "" where one is open; a value alone is both. */
function sides(text: string): [string, string] {
  const at = text.indexOf('..')
  return at < 0 ? [text, text] : [text.slice(0, at), text.slice(at + 2)]
}

export function boundsOf(text: string): Bounds | null {
  const [low, high] = sides(text)
  const bounds: Bounds = {}
  if (low) bounds.gte = Number(low)
  if (high) bounds.lte = Number(high)
  const given = Object.values(bounds)
  return given.length > 0 && given.every((n) => Number.isFinite(n)) ? bounds : null
}

/** First and last day of a time, as it was written; null when it is none. */
export function timeOf(text: string): { gte?: string; lte?: string } | null {
  const [low, high] = sides(text)
  if ((low && !DAY.test(low)) || (high && !DAY.test(high)) || !(low || high)) return null
  return { ...(low && { gte: low }), ...(high && { lte: high }) }
}

/** The label of a count and how many of it; a label may hold colons. */
export function countOf(text: string): { label: string; bounds: Bounds } | null {
  const at = text.lastIndexOf(':')
  const bounds = boundsOf(text.slice(at + 1))
  return at > 0 && bounds ? { label: text.slice(0, at), bounds } : null
}

export function nearOf(text: string): (Place & { km: number }) | null {
  const numbers = text.split(',').map(Number)
  const [lat = NaN, lon = NaN, km = NaN] = numbers
  const sound = numbers.length === 3 && Math.abs(lat) <= 90 && Math.abs(lon) <= 180 && km > 0 && km <= HALF_ROUND
  return sound ? { lat, lon, km } : null
}

/** What admits pictures from around a place. */
export function around({ lat, lon }: Place): Condition {
  return { field: 'near', value: [lat.toFixed(5), lon.toFixed(5), AROUND_KM].join() }
}

function sound({ field, value }: Condition): boolean {
  if (field === 'taken') return timeOf(value) !== null
  if (field === 'count') return countOf(value) !== null
  if (field === 'near') return nearOf(value) !== null
  if (field in RANGES) return boundsOf(value) !== null
  return value !== ''
}

/** `label:dog` and the like, as the address has it; null when it says nothing that can be meant. */
export function parseCondition(text: string): Condition | null {
  const at = text.indexOf(':')
  const field = text.slice(0, Math.max(at, 0))
  if (!FIELDS.includes(field)) return null
  const condition = { field: field as Field, value: text.slice(at + 1).trim() }
  return sound(condition) ? condition : null
}

export const formatCondition = ({ field, value }: Condition): string => `${field}:${value}`

const same = (a: Condition, b: Condition) => a.field === b.field && a.value === b.value

export function chosen(all: readonly Condition[], one: Condition): boolean {
  return all.some((each) => same(each, one))
}

export function without(all: readonly Condition[], one: Condition): Condition[] {
  return all.filter((each) => !same(each, one))
}

/** The conditions with `one` put in, or taken out when it is there. */
export function turned(all: readonly Condition[], one: Condition): Condition[] {
  if (chosen(all, one)) return without(all, one)
  const stay = all.filter((each) => !(SINGLE.includes(one.field) && each.field === one.field))
  return [...stay, one]
}

/** All must hold; of several values of one field any may, and every count. */
export function filterOf(all: readonly Condition[]): Filter | undefined {
  if (all.length === 0) return undefined
  const filter: Filter = {}
  const times: Filter[] = []
  for (const { field, value } of all) {
    if (field === 'taken') times.push({ taken_at: timeOf(value)! })
    else if (field === 'count') {
      const { label, bounds } = countOf(value)!
      filter.count = { ...filter.count, [label]: bounds }
    } else if (field === 'near') filter.location = { near: nearOf(value)! }
    else if (field === 'area' || field === 'score') filter[RANGES[field]] = boundsOf(value)!
    else filter[TERMS[field]] = [...((filter[TERMS[field]] as string[] | undefined) ?? []), value]
  }
  if (times.length === 1) filter.taken_at = times[0]!.taken_at
  if (times.length > 1) filter.any = times
  return filter
}
