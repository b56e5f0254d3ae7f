import { ref, shallowRef, watch, type Ref } from 'vue'
import { search } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import type { Answer, Clause, Hit } from '@/api/types'
import { useLatest } from './useLatest'

export type Phase = 'idle' | 'loading' | 'done' | 'error'

export interface Wanted {
  collection: string
  clauses: Clause[]
}

type Send = typeof search

const PAGE = 40

/** Searches whenever `wanted` changes; null means that nothing is looked for. */
export function useSearch(wanted: Ref<Wanted | null>, send: Send = search) {
  const phase = ref<Phase>('idle')
  const answer = shallowRef<Answer | null>(null)
  const hits = shallowRef<Hit[]>([])
  const problem = shallowRef<Problem | null>(null)
  const morePhase = ref<Phase>('idle')
  const moreProblem = shallowRef<Problem | null>(null)
  const latest = useLatest()

  async function start(what: Wanted | null): Promise<void> {
    problem.value = null
    moreProblem.value = null
    morePhase.value = 'idle'
    if (what === null) {
      latest.stop()
      phase.value = 'idle'
      answer.value = null
      hits.value = []
      return
    }
    phase.value = 'loading'
    try {
      const got = await latest.run((signal) => send(what.collection, { clauses: what.clauses, size: PAGE }, signal))
      if (!got) return
      answer.value = got.value
      hits.value = got.value.hits
      phase.value = 'done'
    } catch (error) {
      answer.value = null
      hits.value = []
      problem.value = asProblem(error)
      phase.value = 'error'
    }
  }

  /** Appends the next page; nothing when there is none or one is on its way. */
  async function more(): Promise<void> {
    const what = wanted.value
    const cursor = answer.value?.next_cursor
    if (!what || !cursor || phase.value !== 'done' || morePhase.value === 'loading') return
    morePhase.value = 'loading'
    moreProblem.value = null
    try {
      const query = { clauses: what.clauses, size: PAGE, cursor }
      const got = await latest.run((signal) => send(what.collection, query, signal))
      if (!got) return
      const known = new Set(hits.value.map((hit) => hit.image_id))
      hits.value = [...hits.value, ...got.value.hits.filter((hit) => !known.has(hit.image_id))]
      answer.value = got.value
      morePhase.value = 'done'
    } catch (error) {
      moreProblem.value = asProblem(error)
      morePhase.value = 'error'
    }
  }

  watch(
    () => JSON.stringify(wanted.value),
    () => void start(wanted.value),
    { immediate: true },
  )

  return { phase, answer, hits, problem, more, morePhase, moreProblem, retry: () => start(wanted.value) }
}
