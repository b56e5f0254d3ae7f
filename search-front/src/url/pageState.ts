import type { LocationQuery, LocationQueryRaw } from 'vue-router'
import type { Box, Sort } from '@/api/types'
import { formatCondition, parseCondition, type Condition } from './conditions'
import { isPlace, parseBox } from './places'

/** A picture sent to the server, by its upload id, and the boxes of it that are searched. */
export interface UploadSelection {
  id: string
  boxes: Box[]
}

/** All that the address of the page holds. */
export interface PageState {
  words: string
  /** Words whose matches are kept out. */
  without: string[]
  /** Null: the one the page chooses. */
  collection: string | null
  uploads: UploadSelection[]
  /** Stored objects that are part of the query, and own boxes of stored images (`places`). */
  objects: string[]
  /** Stored objects that results shall be more like, and those that they shall not be. */
  like: string[]
  unlike: string[]
  conditions: Condition[]
  /** Keys of conditions that were read from the words and shall not be. */
  ignore: string[]
  /** The least relevance of a result: chosen by the service, any, or a number above 0 and up to 1. */
  relevance: 'auto' | 'all' | number
  sort: Sort
  /** Whether pictures that look the same make one result. */
  fold: boolean
  /** Whether a result is a picture with all its matching objects, or one object. */
  by: 'image' | 'object'
  /** The picture of the results that is open. */
  open: string | null
}

function valuesOf(query: LocationQuery, name: string): string[] {
  const value = query[name]
  return (Array.isArray(value) ? value : [value]).filter((text): text is string => !!text)
}

function firstOf(query: LocationQuery, name: string): string {
  return valuesOf(query, name)[0] ?? ''
}

/** `up` and `box` go in pairs; several boxes of a picture are separated by semicolons. */
function parseUploads(query: LocationQuery): UploadSelection[] {
  const boxes = valuesOf(query, 'box')
  const uploads = valuesOf(query, 'up').map((id, i) => ({ id, boxes: (boxes[i] ?? '').split(';').map(parseBox).filter((box) => box !== null) }))
  return uploads.filter((upload) => upload.boxes.length > 0)
}

export const SORTS: readonly Sort[] = ['relevance', '-taken_at', '-ingested_at', '-box_area']

/** What narrows and orders the results of an untouched page. */
export const DEFAULT_REFINEMENT = { like: [], unlike: [], conditions: [], ignore: [], relevance: 'auto', sort: 'relevance', fold: true, by: 'image' } satisfies Partial<PageState>

function parseRelevance(text: string): PageState['relevance'] {
  if (text === 'all') return 'all'
  const least = Number(text) / 100
  return least > 0 && least <= 1 ? least : 'auto'
}

export function parseState(query: LocationQuery): PageState {
  return {
    words: firstOf(query, 'q').trim(),
    without: [...new Set(valuesOf(query, 'not').map((text) => text.trim()))].filter(Boolean),
    collection: firstOf(query, 'c') || null,
    uploads: parseUploads(query),
    objects: [...new Set(valuesOf(query, 'obj'))].filter(isPlace),
    like: [...new Set(valuesOf(query, 'like'))],
    unlike: [...new Set(valuesOf(query, 'unlike'))],
    conditions: [...new Set(valuesOf(query, 'f'))].map(parseCondition).filter((condition) => condition !== null),
    ignore: [...new Set(valuesOf(query, 'ignore'))],
    relevance: parseRelevance(firstOf(query, 'rel')),
    sort: SORTS.find((sort) => sort === firstOf(query, 'sort')) ?? 'relevance',
    fold: firstOf(query, 'fold') !== 'off',
    by: firstOf(query, 'by') === 'object' ? 'object' : 'image',
    open: firstOf(query, 'open') || null,
  }
}

/** Only what differs from an untouched page is written, so that links stay short. */
export function formatState(state: PageState): LocationQueryRaw {
  const query: LocationQueryRaw = {}
  const list = (name: string, values: string[]) => {
    if (values.length > 0) query[name] = values.length === 1 ? values[0]! : values
  }
  if (state.words) query.q = state.words
  list('not', state.without)
  if (state.collection) query.c = state.collection
  list('up', state.uploads.map(({ id }) => id))
  list('box', state.uploads.map(({ boxes }) => boxes.map((box) => box.join()).join(';')))
  list('obj', state.objects)
  list('like', state.like)
  list('unlike', state.unlike)
  list('f', state.conditions.map(formatCondition))
  list('ignore', state.ignore)
  if (state.relevance !== 'auto') query.rel = state.relevance === 'all' ? 'all' : String(Math.round(state.relevance * 100))
  if (state.sort !== 'relevance') query.sort = state.sort
  if (!state.fold) query.fold = 'off'
  if (state.by === 'object') query.by = 'object'
  if (state.open) query.open = state.open
  return query
}
