import { afterEach, describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { useService } from '@/composables/useService'
import { mounted, settled } from './setup'

function holding(names: Record<string, number>) {
  vi.stubGlobal('fetch', async (path: string) => {
    const collections = Object.entries(names).map(([name, images]) => ({ name, images }))
    if (path === '/v1/collections') return Response.json({ collections })
    if (path.endsWith('/facets')) return Response.json({ facets: { label: [{ value: 'dog', count: 2 }] } })
    return Response.json({ status: 'ready' })
  })
}

afterEach(() => vi.unstubAllGlobals())

describe('the collection', () => {
  it.each<[string, Record<string, number>, string | null, string]>([
    ['the one the address names', { default: 9, cars: 1 }, 'cars', 'cars'],
    ['the usual one', { cars: 9, default: 1 }, null, 'default'],
    ['the fullest, where there is no usual one', { cars: 1, photos: 9 }, null, 'photos'],
    ['the usual one, where there is none at all', {}, null, 'default'],
  ])('is %s', async (_name, names, named, wanted) => {
    holding(names)
    const { result } = await mounted(() => useService(ref(named)))
    await settled()
    expect(result.collection.value).toBe(wanted)
    expect(result.asked.value).toBe(true)
    expect(result.labels.value.length).toBe(wanted in names ? 1 : 0)
  })

  it('is asked for even when the service is away, which is told', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
    const { result } = await mounted(() => useService(ref(null)))
    await settled()
    expect(result.problem.value?.code).toBe('offline')
    expect(result.asked.value).toBe(true)
  })
})
