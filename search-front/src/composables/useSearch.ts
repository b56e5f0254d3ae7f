import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import { search } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import type { Answer, Asked, Hit } from '@/api/types'
import { hitKey } from '@/hits'
import { useLatest } from './useLatest'

export type Phase = 'idle' | 'loading' | 'done' | 'error'

export interface Wanted extends Asked {
  collection: string
}

type Send = typeof search

const PAGE = 40
const MOST_AGAIN = 200 // results that are asked for at once where so many had been read before
const MOST_LEFT = 12 // answers kept for going back to

/**
 * Searches whenever `wanted` changes; null means that nothing is looked for.
 *
 * `returning` says that a person came back to it: then what was shown is shown again, as far as it was read. `read` says
 * how many results had been read when nothing is left of them, as after a reload: then as many are asked for at once.
 */
export function useSearch(
  wanted: Ref<Wanted | null>,
  send: Send = search,
  { returning, read }: { returning: () => boolean; read: () => number } = { returning: () => false, read: () => 0 },
) {
  const phase = ref<Phase>('idle')
  const answer = shallowRef<Answer | null>(null)
  const hits = shallowRef<Hit[]>([])
  const problem = shallowRef<Problem | null>(null)
  const morePhase = ref<Phase>('idle')
  const moreProblem = shallowRef<Problem | null>(null)
  const latest = useLatest()
  const left = new Map<string, { answer: Answer; hits: Hit[] }>() // what was shown when a person went on
  let current = ''

  /** Puts away what is shown; true when what is wanted now was put away before and is shown again. */
  function exchange(what: Wanted | null): boolean {
    if (answer.value && phase.value === 'done') left.set(current, { answer: answer.value, hits: hits.value })
    if (left.size > MOST_LEFT) left.delete(left.keys().next().value!)
    current = JSON.stringify(what)
    const before = returning() ? left.get(current) : undefined
    if (!before) return false
    latest.stop()
    answer.value = before.answer
    hits.value = before.hits
    phase.value = 'done'
    return true
  }

  async function start(what: Wanted | null): Promise<void> {
    problem.value = null
    moreProblem.value = null
    morePhase.value = 'idle'
    if (exchange(what)) return
    if (what === null) {
      latest.stop()
      phase.value = 'idle'
      answer.value = null
      hits.value = []
      return
    }
    phase.value = 'loading'
    try {
      const { collection, ...asked } = what
      const got = await latest.run((signal) => send(collection, { ...asked, size: Math.min(Math.max(read(), PAGE), MOST_AGAIN) }, signal))
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

  const hasMore = computed(() => !!answer.value?.next_cursor)
  let adding: Promise<boolean> | null = null

  /** Appends the next page, one at a time; whether it came. */
  function more(): Promise<boolean> {
    adding ??= append().finally(() => (adding = null))
    return adding
  }

  async function append(): Promise<boolean> {
    const what = wanted.value
    const cursor = answer.value?.next_cursor
    if (!what || !cursor || phase.value !== 'done') return false
    morePhase.value = 'loading'
    moreProblem.value = null
    try {
      const { collection, ...asked } = what
      const got = await latest.run((signal) => send(collection, { ...asked, size: PAGE, cursor }, signal))
      if (!got) return false
      const known = new Set(hits.value.map(hitKey))
      hits.value = [...hits.value, ...got.value.hits.filter((hit) => !known.has(hitKey(hit)))]
      answer.value = got.value
      morePhase.value = 'done'
      return true
    } catch (error) {
      moreProblem.value = asProblem(error)
      morePhase.value = 'error'
      return false
    }
  }

  watch(
    () => JSON.stringify(wanted.value),
    () => void start(wanted.value),
    { immediate: true },
  )

  return { phase, answer, hits, problem, hasMore, more, morePhase, moreProblem, retry: () => start(wanted.value) }
}
