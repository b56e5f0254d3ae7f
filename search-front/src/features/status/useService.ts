import { computed, ref, watch, type Ref } from 'vue'
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { getFacets, getMissing, listCollections } from '@/api/client'
import type { Facets } from '@/api/types'

const DEFAULT_COLLECTION = 'default'
/** Begins the keys of all that is asked again after a change. */
export const SERVICE = 'service'

/** What the service has and what it lacks, asked for at the start and after a change. */
export function useService(named: Ref<string | null>) {
  const client = useQueryClient()
  const readiness = useQuery({ queryKey: [SERVICE, 'readiness'], queryFn: ({ signal }) => getMissing(signal) })
  const list = useQuery({ queryKey: [SERVICE, 'collections'], queryFn: ({ signal }) => listCollections(signal) })

  const collections = computed(() => list.data.value ?? [])
  const missing = computed(() => readiness.data.value ?? [])

  /** The one the address names, else the default one, else whichever holds most. */
  const collection = computed(() => {
    if (named.value !== null) return named.value
    if (collections.value.some(({ name }) => name === DEFAULT_COLLECTION)) return DEFAULT_COLLECTION
    return collections.value.toSorted((a, b) => b.images - a.images)[0]?.name ?? DEFAULT_COLLECTION
  })
  const exists = computed(() => collections.value.some(({ name }) => name === collection.value))

  const counts = useQuery(() => ({
    queryKey: [SERVICE, 'facets', collection.value],
    queryFn: ({ signal }) => getFacets(collection.value, signal),
    enabled: exists.value,
  }))
  /** Those of another collection stay until the new ones are there. */
  const facets = computed<Facets>((before) => (exists.value ? (counts.data.value ?? before ?? {}) : {}))

  const queries = [readiness, list, counts]
  const fetching = computed(() => queries.some((query) => query.isFetching.value))
  const problem = computed(() => (fetching.value ? null : (queries.find((query) => query.isError.value)?.error.value ?? null)))

  /** Whether the service was asked, whatever it answered; stays so. */
  const loaded = ref(false)
  watch(
    () => readiness.isFetched.value && list.isFetched.value && (!exists.value || counts.isFetched.value),
    (fetched) => (loaded.value ||= fetched),
    { immediate: true },
  )

  const refresh = () => client.invalidateQueries({ queryKey: [SERVICE] })
  watch(named, refresh)

  return {
    collection,
    collections,
    missing,
    labels: computed(() => facets.value.label ?? []),
    colours: computed(() => facets.value.colour ?? []),
    problem,
    loaded,
    refresh,
  }
}
