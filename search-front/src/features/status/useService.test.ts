import { afterEach, describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { mounted, settled } from '@/testing/mounting'
import { useService } from './useService'

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
    ['that of the address', { default: 9, cars: 1 }, 'cars', 'cars'],
    ['the default one', { cars: 9, default: 1 }, null, 'default'],
    ['the fullest, where there is no default one', { cars: 1, photos: 9 }, null, 'photos'],
    ['the default one, where there is none at all', {}, null, 'default'],
  ])('is %s', async (_name, names, named, expected) => {
    holding(names)
    const { result } = await mounted(() => useService(ref(named)))
    await settled()
    expect(result.collection.value).toBe(expected)
    expect(result.loaded.value).toBe(true)
    expect(result.labels.value.length).toBe(expected in names ? 1 : 0)
  })

  it('is asked for even when the service is away, which it says', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
    const { result } = await mounted(() => useService(ref(null)))
    await settled()
    expect(result.problem.value?.code).toBe('offline')
    expect(result.loaded.value).toBe(true)
  })
})
