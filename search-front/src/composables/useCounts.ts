import { ref, shallowRef, watch, type Ref } from 'vue'
import { countsOf } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import type { Asked, FacetCount, Facets } from '@/api/types'
import { filterOf, type Condition, type Field } from '@/conditions'
import { useLatest } from './useLatest'

/** The service's names of what it counts, by the page's. */
export const COUNTED = { label: 'label', tag: 'tag', colour: 'colour', taken: 'year', camera: 'camera', format: 'format' } as const

export type CountedField = keyof typeof COUNTED

const WAIT_MS = 200 // so that several chips chosen at once are counted once

/** The queries whose counts are wanted: all conditions together, and for each field with a choice all but that field's,
 * because what else could be chosen there is counted as if nothing were. */
export function countQueries(asked: Asked, conditions: readonly Condition[]): Map<Field | '', Asked> {
  const counted = { ...asked, sort: undefined } // an order changes no count
  const queries = new Map<Field | '', Asked>([['', counted]])
  for (const field of Object.keys(COUNTED) as CountedField[]) {
    const others = conditions.filter((condition) => condition.field !== field)
    if (others.length < conditions.length) queries.set(field, { ...counted, filter: filterOf(others) })
  }
  return queries
}

/** Counts of images by field for what is asked, asked again when that changes; null stops it. */
export function useCounts(
  wanted: Ref<{ collection: string; asked: Asked; conditions: readonly Condition[] } | null>,
  send: typeof countsOf = countsOf,
  wait = WAIT_MS,
) {
  const counts = shallowRef<Partial<Record<CountedField, FacetCount[]>> | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const counting = ref(false)
  const latest = useLatest()
  let due: ReturnType<typeof setTimeout> | undefined

  async function count(): Promise<void> {
    const what = wanted.value
    if (!what) return
    counting.value = true
    problem.value = null
    try {
      const got = await latest.run(async (signal) => {
        const queries = [...countQueries(what.asked, what.conditions)]
        const answers = await Promise.all(queries.map(([, asked]) => send(what.collection, asked, signal)))
        return new Map<Field | '', Facets>(queries.map(([field], i) => [field, answers[i]!]))
      })
      if (!got) return
      const of = (field: CountedField) => (got.value.get(field) ?? got.value.get('')!)[COUNTED[field]] ?? []
      counts.value = Object.fromEntries((Object.keys(COUNTED) as CountedField[]).map((field) => [field, of(field)]))
      counting.value = false
    } catch (error) {
      problem.value = asProblem(error)
      counting.value = false
    }
  }

  watch(
    () => JSON.stringify(wanted.value),
    () => {
      clearTimeout(due)
      if (!wanted.value) {
        latest.stop()
        counting.value = false
        return
      }
      counting.value = true
      due = setTimeout(() => void count(), counts.value ? wait : 0)
    },
    { immediate: true },
  )

  return { counts, problem, counting, retry: count }
}
