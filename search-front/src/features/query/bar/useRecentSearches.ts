import { watch, type Ref } from 'vue'
import { useStorage } from '@vueuse/core'
import type { PageState } from '@/url/pageState'
import { boxOf, imageOf } from '@/url/places'

/** What was looked for before, kept by this browser alone. */
export type RecentSearch = Pick<PageState, 'words' | 'without' | 'uploads' | 'objects'>

const MAX_SEARCHES = 10

const querySubset = ({ words, without, uploads, objects }: RecentSearch): RecentSearch => ({ words, without, uploads, objects })
/** Two searches of the same pictures with other boxes are one for the reader. */
const subject = (search: RecentSearch) => JSON.stringify([search.words, search.without, search.uploads.map(({ id }) => id), search.objects.map((place) => (boxOf(place) ? imageOf(place) : place))])

/** Remembers each search once it is answered, the latest first, each but once. */
export function useRecentSearches(state: Ref<PageState>, answered: Ref<boolean>) {
  const searches = useStorage<RecentSearch[]>('boxlens.recent', [])

  watch([answered, state], ([done]) => {
    const now = querySubset(state.value)
    if (!done || !(now.words || now.uploads.length > 0 || now.objects.length > 0)) return
    if (searches.value[0] && JSON.stringify(searches.value[0]) === JSON.stringify(now)) return
    searches.value = [now, ...searches.value.filter((search) => subject(search) !== subject(now))].slice(0, MAX_SEARCHES)
  })

  function clear(): void {
    searches.value = []
  }

  return { searches, clear }
}
