import { afterEach, describe, expect, it, vi } from 'vitest'
import { nextTick, ref } from 'vue'
import { useQueryPicture } from '@/composables/useQueryPicture'
import { useUrlState } from '@/composables/useUrlState'
import { later, mounted, settled } from './setup'

afterEach(() => vi.unstubAllGlobals())

describe('a picture on its way', () => {
  it('is not disturbed by words or by the collection becoming known', async () => {
    const answer = later<Response>()
    vi.stubGlobal('fetch', () => answer.promise)
    const collection = ref('default')
    const { result } = await mounted(() => {
      const url = useUrlState()
      return { url, query: useQueryPicture(url, collection) }
    })
    void result.query.take('http://example.org/a.jpg')
    collection.value = 'photos'
    await nextTick()
    await result.url.go({ words: 'dog' })
    await settled()
    expect(result.query.phase.value).toBe('loading')
    const box = [1, 2, 30, 40]
    const objects = [{ box, box_norm: [0, 0, 1, 1], label: 'dog', box_score: 0.9 }]
    answer.resolve(Response.json({ upload_id: '7a-ff', width: 64, height: 48, objects }))
    await settled()
    await settled()
    expect(result.query.phase.value).toBe('done')
    expect(result.url.state.value).toMatchObject({ words: 'dog', upload: '7a-ff', box })
  })
})
