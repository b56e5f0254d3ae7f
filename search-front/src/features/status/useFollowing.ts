import { computed, shallowRef } from 'vue'
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { listFollowed, pauseFollowed } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import type { Followed } from '@/api/types'
import { SERVICE } from './useService'

const KEY = [SERVICE, 'following'] // asked again with all of the service

/** The folders that collections follow, to be paused and resumed. */
export function useFollowing() {
  const client = useQueryClient()
  const query = useQuery({ queryKey: KEY, queryFn: ({ signal }) => listFollowed(signal), gcTime: 0 })
  const refused = shallowRef<Problem | null>(null)

  const folders = computed(() => query.data.value ?? [])
  const problem = computed(() => refused.value ?? query.error.value)

  /** Pauses a folder, or lets it go on; what it then says is shown. */
  async function pause({ id }: Followed, paused: boolean): Promise<void> {
    refused.value = null
    try {
      const changed = await pauseFollowed(id, paused)
      client.setQueryData<Followed[]>(KEY, (before) => before?.map((folder) => (folder.id === id ? changed : folder)))
    } catch (error) {
      refused.value = asProblem(error)
    }
  }

  function retry(): void {
    refused.value = null
    void query.refetch()
  }

  return { folders, problem, pause, retry }
}
