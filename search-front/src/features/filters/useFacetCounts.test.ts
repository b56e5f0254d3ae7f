import { describe, expect, it } from 'vitest'
import { ref } from 'vue'
import { Problem } from '@/api/problem'
import type { SearchRequest, Facets } from '@/api/types'
import { later, mounted, settled } from '@/testing/mounting'
import { parseCondition, type Condition } from '@/url/conditions'
import { parseState } from '@/url/pageState'
import { toSearchRequest } from '@/url/searchRequest'
import { countRequests, useFacetCounts } from './useFacetCounts'

const all = (...texts: string[]) => texts.map((text) => parseCondition(text)!)

/** What the panel has counted, for an address. */
function countedSearch(query: Record<string, string | string[]>) {
  const state = parseState(query)
  return { collection: 'c', request: toSearchRequest(state)!, conditions: state.conditions }
}

function server() {
  const requests: { request: SearchRequest; signal?: AbortSignal; answer: ReturnType<typeof later<Facets>> }[] = []
  const send = (_collection: string, request: SearchRequest, signal?: AbortSignal) => {
    const answer = later<Facets>()
    requests.push({ request, signal, answer })
    return answer.promise
  }
  return { requests, send }
}

const dogs = (count: number): Facets => ({ label: [{ value: 'dog', count }] })

describe('counts', () => {
  it('of a field leave its own choice out, so that the others can still be chosen', () => {
    const conditions: Condition[] = all('label:dog', 'colour:red', 'area:0.25..')
    const { request } = countedSearch({ q: 'dog', sort: '-taken_at', f: ['label:dog', 'colour:red', 'area:0.25..'] })
    const counted = countRequests(request, conditions)
    expect([...counted.keys()]).toEqual(['', 'label', 'colour'])
    expect(counted.get('')!.filter).toEqual({ label: ['dog'], colours: ['red'], area_share: { gte: 0.25 } })
    expect(counted.get('label')!.filter).toEqual({ colours: ['red'], area_share: { gte: 0.25 } })
    expect(counted.get('colour')!.sort).toBeUndefined()
  })

  it('are of the newest query alone', async () => {
    const { requests, send } = server()
    const search = ref(countedSearch({ q: 'dog' }))
    const { result } = await mounted(() => useFacetCounts(search, send, 0))
    await settled()
    search.value = countedSearch({ q: 'cat' })
    await settled()
    await settled()
    expect(requests).toHaveLength(2)
    expect(requests[0]!.signal?.aborted).toBe(true)
    requests[1]!.answer.resolve(dogs(2))
    await settled()
    requests[0]!.answer.resolve(dogs(7))
    await settled()
    expect(result.counts.value?.label).toEqual([{ value: 'dog', count: 2 }])
    expect(result.counting.value).toBe(false)
  })

  it('take what could be chosen in a field from the query without its choice', async () => {
    const { requests, send } = server()
    const { result } = await mounted(() => useFacetCounts(ref(countedSearch({ f: 'label:dog' })), send, 0))
    await settled()
    expect(requests).toHaveLength(2)
    requests[0]!.answer.resolve({ label: [{ value: 'dog', count: 3 }], colour: [{ value: 'red', count: 1 }] })
    requests[1]!.answer.resolve({ label: [{ value: 'cat', count: 9 }, { value: 'dog', count: 3 }], colour: [] })
    await settled()
    expect(result.counts.value?.label?.map(({ value }) => value)).toEqual(['cat', 'dog'])
    expect(result.counts.value?.colour).toEqual([{ value: 'red', count: 1 }])
    expect(result.counts.value?.taken).toEqual([])
  })

  it('that fail say so, and are counted again on demand', async () => {
    const { requests, send } = server()
    const { result } = await mounted(() => useFacetCounts(ref(countedSearch({ q: 'dog' })), send, 0))
    await settled()
    requests[0]!.answer.reject(new Problem('offline', 0))
    await settled()
    expect(result.problem.value?.code).toBe('offline')
    void result.retry()
    requests[1]!.answer.resolve(dogs(1))
    await settled()
    expect(result.problem.value).toBeNull()
    expect(result.counts.value?.label).toHaveLength(1)
  })
})
