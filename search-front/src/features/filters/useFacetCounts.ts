import { computed, shallowRef, watch, type Ref } from 'vue'
import { refDebounced } from '@vueuse/core'
import { useQuery } from '@tanstack/vue-query'
import { countFacets } from '@/api/client'
import type { FacetCount, Facets, SearchRequest } from '@/api/types'
import { toFilter, type Condition, type Field } from '@/url/conditions'

/** The service's names of what it counts, by the page's. */
export const COUNTED_FIELDS = { label: 'label', tag: 'tag', album: 'album', colour: 'colour', taken: 'year', camera: 'camera', format: 'format' } as const

export type CountedField = keyof typeof COUNTED_FIELDS

export type FieldCounts = Partial<Record<CountedField, FacetCount[]>>

/** What is counted: a search and the conditions that are part of it. */
export interface CountedSearch {
  collection: string
  request: SearchRequest
  conditions: readonly Condition[]
}

const FIELDS = Object.keys(COUNTED_FIELDS) as CountedField[]
const WAIT_MS = 200 // so that several chips chosen at once are counted once

/** The requests whose counts are needed: all conditions together under "", and for each field with a choice all but that
 * field's, because what else could be chosen there is counted as if nothing were. */
export function countRequests(request: SearchRequest, conditions: readonly Condition[]): Map<Field | '', SearchRequest> {
  const unsorted = { ...request, sort: undefined } // an order changes no count
  const requests = new Map<Field | '', SearchRequest>([['', unsorted]])
  for (const field of FIELDS) {
    const others = conditions.filter((condition) => condition.field !== field)
    if (others.length < conditions.length) requests.set(field, { ...unsorted, filter: toFilter(others) })
  }
  return requests
}

/** Counts of images by field for a search, counted again when it changes. */
export function useFacetCounts(search: Ref<CountedSearch>, send: typeof countFacets = countFacets, wait = WAIT_MS) {
  const counts = shallowRef<FieldCounts | null>(null) // those of before stay until new ones are there
  const settled = refDebounced(search, () => (counts.value === null ? 0 : wait))

  async function count({ collection, request, conditions }: CountedSearch, signal: AbortSignal): Promise<FieldCounts> {
    const requests = [...countRequests(request, conditions)]
    const answers = await Promise.all(requests.map(([, body]) => send(collection, body, signal)))
    const byField = new Map<Field | '', Facets>(requests.map(([field], i) => [field, answers[i]!]))
    return Object.fromEntries(FIELDS.map((field) => [field, (byField.get(field) ?? byField.get('')!)[COUNTED_FIELDS[field]] ?? []]))
  }

  const query = useQuery(() => {
    const target = settled.value
    return { queryKey: ['counts', target], queryFn: ({ signal }) => count(target, signal), gcTime: 0 }
  })

  watch(query.data, (data) => (counts.value = data ?? counts.value))

  const changed = computed(() => JSON.stringify(search.value) !== JSON.stringify(settled.value))
  const counting = computed(() => changed.value || query.isFetching.value)
  const problem = computed(() => (counting.value ? null : query.error.value))

  return { counts, problem, counting, retry: () => query.refetch() }
}
