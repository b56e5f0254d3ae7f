import { computed, shallowRef } from 'vue'
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { changeSaved, listSaved, saveSearch } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import type { SavedSearch, SearchToSave } from '@/api/types'

const KEY = ['saved']
const EVERY_MS = 30_000

/** The saved searches, asked for again every while, so that new pictures are counted. */
export function useSaved() {
  const client = useQueryClient()
  const query = useQuery({ queryKey: KEY, queryFn: ({ signal }) => listSaved(signal), refetchInterval: EVERY_MS })
  const refused = shallowRef<Problem | null>(null)

  const searches = computed<readonly SavedSearch[]>(() => query.data.value?.searches ?? [])
  /** Whether the owner has set webhooks that are told of matches, and targets of apprise. */
  const telling = computed(() => query.data.value?.telling ?? false)
  const apprise = computed(() => !!query.data.value?.apprise.length)
  const unseen = computed(() => searches.value.reduce((sum, search) => sum + search.unseen, 0))
  const problem = computed(() => refused.value ?? query.error.value)

  /** Changes something and lists anew; whether it was done. */
  async function change(work: () => Promise<unknown>): Promise<boolean> {
    refused.value = null
    try {
      await work()
      return true
    } catch (error) {
      refused.value = asProblem(error)
      return false
    } finally {
      await client.invalidateQueries({ queryKey: KEY })
    }
  }

  return {
    searches,
    telling,
    apprise,
    unseen,
    problem,
    loaded: query.isSuccess,
    save: (search: SearchToSave) => change(() => saveSearch(search)),
    remove: (search: SavedSearch) => change(() => changeSaved(search.id, 'delete')),
    markSeen: (search: SavedSearch) => change(() => changeSaved(search.id, 'seen')),
    retry: () => change(() => Promise.resolve()),
  }
}
