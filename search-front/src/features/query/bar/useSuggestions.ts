import { computed, type Ref } from 'vue'
import { useQuery } from '@tanstack/vue-query'
import { refDebounced } from '@vueuse/core'
import { getSuggestions } from '@/api/client'

/** What the words in the bar may become. */
export interface CompletedWords {
  /** All the words as they would stand in the bar. */
  words: string
  /** Pictures that what is offered was seen with. */
  count: number
}

const SETTLE_MS = 120 // after the last key, before the service is asked
const MAX_SUGGESTIONS = 6

/** The word that is being typed and what stands before it, a minus that excludes it included. */
export function lastWord(typed: string): { head: string; begun: string } {
  const begun = /[^\s"，,]*$/.exec(typed)![0].replace(/^[-−－]/, '')
  return { head: typed.slice(0, typed.length - begun.length), begun }
}

/** What the collection knows that goes on from the word that is being typed; the last ones stay until new ones are there. */
export function useSuggestions(typed: Ref<string>, collection: Ref<string>, wanted: Ref<boolean>, ask: typeof getSuggestions = getSuggestions) {
  const settled = refDebounced(typed, SETTLE_MS)
  const begun = computed(() => lastWord(settled.value).begun)
  const query = useQuery(() => ({
    queryKey: ['suggestions', collection.value, begun.value],
    queryFn: ({ signal }) => ask(collection.value, begun.value, MAX_SUGGESTIONS, signal),
    enabled: wanted.value && begun.value !== '',
    staleTime: 60_000, // pictures may come
    placeholderData: (before) => before,
  }))
  return computed<CompletedWords[]>(() => {
    const { head, begun: now } = lastWord(typed.value)
    if (!wanted.value || !now || begun.value === '') return []
    const offered = query.data.value ?? []
    return offered.filter(({ text }) => text.toLocaleLowerCase() !== now.toLocaleLowerCase()).map(({ text, count }) => ({ words: head + text, count }))
  })
}
