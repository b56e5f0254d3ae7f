/** What a person asks for, between the words they type, the address, and the clauses of the service. */
import type { Asked, Box, Clause } from './api/types'
import type { PageState } from './composables/useUrlState'
import { filterOf } from './conditions'
import { sameBox } from './geometry'

export const MOST_PICTURES = 8 // clauses with a picture that the service takes

const EVERYTHING = { area_share: { gte: 0 } } // what every object fulfils, where the service wants a filter

const AWAY = -1 // as strong as a wish, so that what is meant as much as the wish falls out

// A minus before a word or before words in quotes; one inside a word, as in T-shirt, is none.
const EXCLUDED = /(^|\s)[-−－](?:"([^"]+)"|([^\s"\-−－][^\s"]*))/g

/** Words to look for and words to keep away: `dog -cat -"red car"`. */
export function splitWords(text: string): { words: string; without: string[] } {
  const without: string[] = []
  const words = text.replace(EXCLUDED, (_, lead: string, quoted?: string, bare?: string) => {
    without.push((quoted ?? bare ?? '').trim())
    return lead
  })
  return { words: words.replace(/\s+/g, ' ').trim(), without: without.filter(Boolean) }
}

/** The clauses of a query; none when it says only what is not wanted. */
export function clausesOf(state: Pick<PageState, 'words' | 'without' | 'uploads' | 'objects'>): Clause[] {
  const wanted: Clause[] = []
  if (state.words) wanted.push({ text: state.words })
  for (const { id, boxes } of state.uploads) wanted.push(...boxes.map((box) => ({ upload_id: id, box })))
  wanted.push(...state.objects.map((object_id) => ({ object_id })))
  if (wanted.length === 0) return []
  return [...wanted, ...state.without.map((text) => ({ text, weight: AWAY }))]
}

/** The whole query of a page; null when nothing is looked for. Conditions alone list what fulfils them, an order alone
 * lists everything. */
export function askedOf(state: PageState): Asked | null {
  const clauses = clausesOf(state)
  if (clauses.length === 0 && state.conditions.length === 0 && state.sort === 'relevance') return null
  const asked: Asked = { clauses, read_text: true }
  const filter = filterOf(state.conditions) ?? (clauses.length === 0 ? EVERYTHING : undefined)
  if (filter) asked.filter = filter
  if (state.ignore.length > 0) asked.ignore = state.ignore
  if (state.relevance !== 'auto') asked.min_relevance = state.relevance === 'all' ? null : state.relevance
  if (state.sort !== 'relevance') asked.sort = state.sort
  if (!state.fold) asked.fold = false
  if (state.by === 'object') Object.assign(asked, { group_by: 'object', fold: false }) // whole pictures are what folds
  return asked
}

/** The list with `one` taken out when it is in it and not alone, put at its end when it is not. */
export function toggled<T>(all: readonly T[], one: T, same: (a: T, b: T) => boolean): T[] {
  const rest = all.filter((each) => !same(each, one))
  if (rest.length === all.length) return [...all, one]
  return rest.length > 0 ? rest : [...all]
}

export function toggledBox(boxes: readonly Box[], box: Box): Box[] {
  return toggled(boxes, box, sameBox)
}
