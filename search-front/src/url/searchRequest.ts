import type { Clause, SearchRequest } from '@/api/types'
import { toFilter } from './conditions'
import type { PageState } from './pageState'
import { boxOf, imageOf } from './places'

export const MAX_QUERY_PICTURES = 8 // clauses with a picture that the service takes

const MATCH_ALL = { area_share: { gte: 0 } } // what every object fulfils, where the service requires a filter

const EXCLUDED_WEIGHT = -1 // as strong as a word that is looked for, so that what matches both equally falls out

const MARK_WEIGHT = 0.5 // of a hit that was said to be right, or wrong: beside the query, not in its place

function placeClause(place: string): Clause {
  const box = boxOf(place)
  return box ? { image_id: imageOf(place), box } : { object_id: place }
}

/** The clauses of a query; none when it holds alone what is kept away. */
export function toClauses(state: Pick<PageState, 'words' | 'without' | 'uploads' | 'objects' | 'like' | 'unlike'>): Clause[] {
  const clauses: Clause[] = []
  if (state.words) clauses.push({ text: state.words })
  for (const { id, boxes } of state.uploads) clauses.push(...boxes.map((box) => ({ upload_id: id, box })))
  clauses.push(...state.objects.map(placeClause))
  clauses.push(...state.like.map((object_id) => ({ object_id, weight: MARK_WEIGHT })))
  if (clauses.length === 0) return []
  clauses.push(...state.without.map((text) => ({ text, weight: EXCLUDED_WEIGHT })))
  return [...clauses, ...state.unlike.map((object_id) => ({ object_id, weight: -MARK_WEIGHT }))]
}

/**
 * The search of a page; null when nothing is looked for.
 *
 * Conditions alone list what fulfils them, an order alone lists everything.
 */
export function toSearchRequest(state: PageState): SearchRequest | null {
  const clauses = toClauses(state)
  if (clauses.length === 0 && state.conditions.length === 0 && state.sort === 'relevance') return null
  const request: SearchRequest = { clauses, read_text: true }
  const filter = toFilter(state.conditions) ?? (clauses.length === 0 ? MATCH_ALL : undefined)
  if (filter) request.filter = filter
  if (state.ignore.length > 0) request.ignore = state.ignore
  if (state.relevance !== 'auto') request.min_relevance = state.relevance === 'all' ? null : state.relevance
  if (state.sort !== 'relevance') request.sort = state.sort
  if (!state.fold) request.fold = false
  if (state.by === 'object') Object.assign(request, { group_by: 'object', fold: false }) // only whole pictures have duplicates
  return request
}
