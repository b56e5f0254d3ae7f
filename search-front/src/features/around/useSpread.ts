import { computed, type Ref } from 'vue'
import { useQuery } from '@tanstack/vue-query'
import { countSpread } from '@/api/client'
import type { SearchRequest } from '@/api/types'
import { toFilter, type Field } from '@/url/conditions'
import type { PageState } from '@/url/pageState'
import { toSearchRequest } from '@/url/searchRequest'

/** The search of a page without its conditions on some fields: what could be chosen of them is counted as if nothing were. */
export function requestWithout(state: PageState, fields: readonly Field[]): SearchRequest {
  const conditions = state.conditions.filter(({ field }) => !fields.includes(field))
  const request = toSearchRequest({ ...state, conditions, sort: 'relevance', by: 'image' }) ?? { clauses: [] }
  return { ...request, filter: toFilter(conditions) }
}

/** When and where what is searched was taken; counts of before stay until new ones are there. */
export function useSpread(collection: Ref<string>, state: Ref<PageState>, without: readonly Field[], halvings: Ref<number>) {
  const request = computed(() => requestWithout(state.value, without))
  return useQuery(() => {
    const [name, body, depth] = [collection.value, request.value, halvings.value]
    return {
      queryKey: ['spread', name, body, depth],
      queryFn: ({ signal }) => countSpread(name, body, depth, signal),
      placeholderData: (before) => before,
    }
  })
}
