import { describe, expect, it } from 'vitest'
import { ref } from 'vue'
import { Problem } from '@/api/problem'
import type { Asked, Facets } from '@/api/types'
import { countQueries, useCounts } from '@/composables/useCounts'
import { parseCondition, type Condition } from '@/conditions'
import { askedOf } from '@/query'
import { parseState } from '@/composables/useUrlState'
import { later, mounted, settled } from './setup'

const all = (...texts: string[]) => texts.map((text) => parseCondition(text)!)

/** What the panel asks counts of, for an address. */
function wantedBy(query: Record<string, string | string[]>) {
  const state = parseState(query)
  return { collection: 'c', asked: askedOf(state)!, conditions: state.conditions }
}

function server() {
  const asked: { asked: Asked; signal?: AbortSignal; answer: ReturnType<typeof later<Facets>> }[] = []
  const send = (_collection: string, query: Asked, signal?: AbortSignal) => {
    const answer = later<Facets>()
    asked.push({ asked: query, signal, answer })
    return answer.promise
  }
  return { asked, send }
}

const dogs = (count: number): Facets => ({ label: [{ value: 'dog', count }] })

describe('counts', () => {
  it('of a field leave its own choice out, so that the others can still be chosen', () => {
    const conditions: Condition[] = all('label:dog', 'colour:red', 'area:0.25..')
    const { asked } = wantedBy({ q: 'dog', sort: '-taken_at', f: ['label:dog', 'colour:red', 'area:0.25..'] })
    const queries = countQueries(asked, conditions)
    expect([...queries.keys()]).toEqual(['', 'label', 'colour'])
    expect(queries.get('')!.filter).toEqual({ label: ['dog'], colours: ['red'], area_share: { gte: 0.25 } })
    expect(queries.get('label')!.filter).toEqual({ colours: ['red'], area_share: { gte: 0.25 } })
    expect(queries.get('colour')!.sort).toBeUndefined()
  })

  it('are of the newest query alone', async () => {
    const { asked, send } = server()
    const wanted = ref<ReturnType<typeof wantedBy> | null>(wantedBy({ q: 'dog' }))
    const { result } = await mounted(() => useCounts(wanted, send, 0))
    await settled()
    wanted.value = wantedBy({ q: 'cat' })
    await settled()
    await settled()
    expect(asked).toHaveLength(2)
    expect(asked[0]!.signal?.aborted).toBe(true)
    asked[1]!.answer.resolve(dogs(2))
    await settled()
    asked[0]!.answer.resolve(dogs(7))
    await settled()
    expect(result.counts.value?.label).toEqual([{ value: 'dog', count: 2 }])
    expect(result.counting.value).toBe(false)
  })

  it('take what could be chosen in a field from the query without its choice', async () => {
    const { asked, send } = server()
    const { result } = await mounted(() => useCounts(ref(wantedBy({ f: 'label:dog' })), send, 0))
    await settled()
    expect(asked).toHaveLength(2)
    asked[0]!.answer.resolve({ label: [{ value: 'dog', count: 3 }], colour: [{ value: 'red', count: 1 }] })
    asked[1]!.answer.resolve({ label: [{ value: 'cat', count: 9 }, { value: 'dog', count: 3 }], colour: [] })
    await settled()
    expect(result.counts.value?.label?.map((each) => each.value)).toEqual(['cat', 'dog'])
    expect(result.counts.value?.colour).toEqual([{ value: 'red', count: 1 }])
    expect(result.counts.value?.taken).toEqual([])
  })

  it('that fail are told, and counted again on demand', async () => {
    const { asked, send } = server()
    const { result } = await mounted(() => useCounts(ref(wantedBy({ q: 'dog' })), send, 0))
    await settled()
    asked[0]!.answer.reject(new Problem('offline', 0))
    await settled()
    expect(result.problem.value?.code).toBe('offline')
    void result.retry()
    asked[1]!.answer.resolve(dogs(1))
    await settled()
    expect(result.problem.value).toBeNull()
    expect(result.counts.value?.label).toHaveLength(1)
  })
})
