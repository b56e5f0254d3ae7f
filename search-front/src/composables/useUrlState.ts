import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter, type LocationQuery, type LocationQueryRaw } from 'vue-router'
import type { Box, Sort } from '@/api/types'
import { formatCondition, parseCondition, type Condition } from '@/conditions'

/** A picture sent to the server, by its upload id, and the boxes of it that are meant. */
export interface Given {
  id: string
  boxes: Box[]
}

/** All that a link to this page says. */
export interface PageState {
  words: string
  /** Words to keep away. */
  without: string[]
  /** Null: the one the page chooses. */
  collection: string | null
  uploads: Given[]
  /** Stored objects that are part of the query. */
  objects: string[]
  conditions: Condition[]
  /** Keys of conditions that were read from the words and shall not be. */
  ignore: string[]
  /** What a result must reach: the usual, anything, or a number above 0 and up to 1. */
  relevance: 'auto' | 'all' | number
  sort: Sort
  /** Whether pictures that look the same make one result. */
  fold: boolean
  /** Whether a result is a picture with all its matching objects, or one object. */
  by: 'image' | 'object'
  /** The picture of the results that is open. */
  open: string | null
}

function all(query: LocationQuery, name: string): string[] {
  const value = query[name]
  return (Array.isArray(value) ? value : [value]).filter((one): one is string => !!one)
}

function one(query: LocationQuery, name: string): string {
  return all(query, name)[0] ?? ''
}

export function parseBox(text: string): Box | null {
  const numbers = text.split(',').map(Number)
  if (text === '' || numbers.length !== 4 || !numbers.every((n) => Number.isFinite(n) && n >= 0)) return null
  const box = numbers.map(Math.round) as Box
  return box[2] > box[0] && box[3] > box[1] ? box : null
}

/** `up` and `box` go together, one for one; several boxes of a picture are parted by semicolons. */
function parseUploads(query: LocationQuery): Given[] {
  const boxes = all(query, 'box')
  const given = all(query, 'up').map((id, i) => ({ id, boxes: (boxes[i] ?? '').split(';').map(parseBox).filter((box) => box !== null) }))
  return given.filter((each) => each.boxes.length > 0)
}

export const SORTS: readonly Sort[] = ['relevance', '-taken_at', '-ingested_at', '-box_area']

/** How a page that nobody touched finds and orders. */
export const USUAL = { conditions: [], ignore: [], relevance: 'auto', sort: 'relevance', fold: true, by: 'image' } satisfies Partial<PageState>

function parseRelevance(text: string): PageState['relevance'] {
  if (text === 'all') return 'all'
  const least = Number(text) / 100
  return least > 0 && least <= 1 ? least : 'auto'
}

export function parseState(query: LocationQuery): PageState {
  return {
    words: one(query, 'q').trim(),
    without: [...new Set(all(query, 'not').map((text) => text.trim()))].filter(Boolean),
    collection: one(query, 'c') || null,
    uploads: parseUploads(query),
    objects: [...new Set(all(query, 'obj'))],
    conditions: [...new Set(all(query, 'f'))].map(parseCondition).filter((condition) => condition !== null),
    ignore: [...new Set(all(query, 'ignore'))],
    relevance: parseRelevance(one(query, 'rel')),
    sort: SORTS.find((sort) => sort === one(query, 'sort')) ?? 'relevance',
    fold: one(query, 'fold') !== 'off',
    by: one(query, 'by') === 'object' ? 'object' : 'image',
    open: one(query, 'open') || null,
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
  list('up', state.uploads.map((given) => given.id))
  list('box', state.uploads.map((given) => given.boxes.map((box) => box.join()).join(';')))
  list('obj', state.objects)
  list('f', state.conditions.map(formatCondition))
  list('ignore', state.ignore)
  if (state.relevance !== 'auto') query.rel = state.relevance === 'all' ? 'all' : String(Math.round(state.relevance * 100))
  if (state.sort !== 'relevance') query.sort = state.sort
  if (!state.fold) query.fold = 'off'
  if (state.by === 'object') query.by = 'object'
  if (state.open) query.open = state.open
  return query
}

export interface UrlState {
  state: ComputedRef<PageState>
  /** Goes to the state changed by `patch`; `replace` leaves no step to go back to. */
  go: (patch: Partial<PageState>, how?: { replace?: boolean }) => Promise<void>
  href: (patch: Partial<PageState>) => string
}

export function useUrlState(): UrlState {
  const route = useRoute()
  const router = useRouter()
  const state = computed(() => parseState(route.query))
  const target = (patch: Partial<PageState>) => ({ path: '/', query: formatState({ ...state.value, ...patch }) })
  return {
    state,
    go: async (patch, how = {}) => {
      await (how.replace ? router.replace(target(patch)) : router.push(target(patch)))
    },
    href: (patch) => router.resolve(target(patch)).href,
  }
}
