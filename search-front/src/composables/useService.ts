import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import { collections, facets, missing } from '@/api/client'
import { asProblem, isAbort, type Problem } from '@/api/problem'
import type { Collection, Facets, Missing } from '@/api/types'

const USUAL = 'default'

/** What the service has and what it lacks, asked for at the start and after a change. */
export function useService(named: Ref<string | null>) {
  const known = shallowRef<Collection[]>([])
  const labels = shallowRef<Facets[string]>([])
  const colours = shallowRef<Facets[string]>([])
  const lacks = shallowRef<Missing[]>([])
  const problem = shallowRef<Problem | null>(null)
  const asked = ref(false)

  /** The one the address names, else the usual one, else whichever holds most. */
  const collection = computed(() => {
    if (named.value !== null) return named.value
    if (known.value.some((c) => c.name === USUAL)) return USUAL
    return known.value.toSorted((a, b) => b.images - a.images)[0]?.name ?? USUAL
  })

  async function count(): Promise<void> {
    const counts = await facets(collection.value)
    labels.value = counts.label ?? []
    colours.value = counts.colour ?? []
  }

  async function refresh(): Promise<void> {
    problem.value = null
    try {
      const [lacking, all] = await Promise.all([missing(), collections()])
      lacks.value = lacking
      known.value = all
      if (all.some((c) => c.name === collection.value)) await count()
      else labels.value = colours.value = []
    } catch (error) {
      if (!isAbort(error)) problem.value = asProblem(error)
    } finally {
      asked.value = true
    }
  }

  watch(named, () => void refresh(), { immediate: true })
  return { collection, known, labels, colours, lacks, problem, asked, refresh }
}
