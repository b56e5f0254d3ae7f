import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter, type LocationQuery, type LocationQueryRaw } from 'vue-router'
import type { Box } from '@/api/types'

/** All that a link to this page says. */
export interface PageState {
  words: string
  /** Null: the one the page chooses. */
  collection: string | null
  /** A picture sent to the server, by its upload id, and the box of it that is meant. */
  upload: string | null
  box: Box | null
  /** A stored object that is the query. */
  object: string | null
  /** The picture of the results that is open. */
  open: string | null
}

function one(query: LocationQuery, name: string): string {
  const value = query[name]
  return (Array.isArray(value) ? value[0] : value) ?? ''
}

export function parseBox(text: string): Box | null {
  const numbers = text.split(',').map(Number)
  if (text === '' || numbers.length !== 4 || !numbers.every((n) => Number.isFinite(n) && n >= 0)) return null
  const box = numbers.map(Math.round) as Box
  return box[2] > box[0] && box[3] > box[1] ? box : null
}

export function parseState(query: LocationQuery): PageState {
  const box = parseBox(one(query, 'box'))
  const upload = box ? one(query, 'up') || null : null
  return {
    words: one(query, 'q').trim(),
    collection: one(query, 'c') || null,
    upload,
    box: upload ? box : null,
    object: upload ? null : one(query, 'obj') || null,
    open: one(query, 'open') || null,
  }
}

/** Only what differs from an untouched page is written, so that links stay short. */
export function formatState(state: PageState): LocationQueryRaw {
  const query: LocationQueryRaw = {}
  if (state.words) query.q = state.words
  if (state.collection) query.c = state.collection
  if (state.upload && state.box) {
    query.up = state.upload
    query.box = state.box.join(',')
  } else if (state.object) query.obj = state.object
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
