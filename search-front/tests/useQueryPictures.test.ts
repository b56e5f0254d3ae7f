import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick, ref } from 'vue'
import { useQuery } from '@/composables/useQuery'
import { useQueryPictures } from '@/composables/useQueryPictures'
import { useUrlState } from '@/composables/useUrlState'
import { later, mounted, settled } from './setup'

beforeEach(() => sessionStorage.clear())
afterEach(() => vi.unstubAllGlobals())

const box = [1, 2, 30, 40]
const objects = [
  { box, box_norm: [0, 0, 1, 1], label: 'dog', box_score: 0.9 },
  { box: [5, 5, 9, 9], box_norm: [0, 0, 1, 1], label: 'cat', box_score: 0.5 },
]
const found = (id: string) => Response.json({ upload_id: id, width: 64, height: 48, objects })

function page(at = '/', known = ref(true)) {
  const collection = ref('default')
  return mounted(() => {
    const url = useUrlState()
    return { url, collection, query: useQueryPictures(url, collection, known), choosing: useQuery(url) }
  }, at)
}

async function rested(): Promise<void> {
  for (let i = 0; i < 4; i++) await settled()
}

describe('a picture on its way', () => {
  it('is not disturbed by words or by the collection becoming known', async () => {
    const answer = later<Response>()
    vi.stubGlobal('fetch', () => answer.promise)
    const { result } = await page()
    void result.query.take(['http://example.org/a.jpg'])
    result.collection.value = 'photos'
    await nextTick()
    await result.url.go({ words: 'dog' })
    await settled()
    expect(result.query.coming.value).toBe('')
    answer.resolve(found('7a-ff'))
    await rested()
    expect(result.query.coming.value).toBeNull()
    expect(result.url.state.value).toMatchObject({ words: 'dog', uploads: [{ id: '7a-ff', boxes: [box] }] })
    expect(result.query.pictures.value).toMatchObject([{ key: '7a-ff', phase: 'done', chosen: [box] }])
  })

  it('is dropped when another is given', async () => {
    const slow = later<Response>()
    let asked = 0
    vi.stubGlobal('fetch', () => (asked++ === 0 ? slow.promise : Promise.resolve(found('7a-bb'))))
    const { result } = await page()
    void result.query.take(['http://example.org/a.jpg'])
    await settled()
    await result.query.take(['http://example.org/b.jpg'])
    slow.resolve(found('7a-aa'))
    await rested()
    expect(result.url.state.value.uploads.map((each) => each.id)).toEqual(['7a-bb'])
  })
})

describe('several pictures', () => {
  it('become one step of history, in the order they were given, and more are added', async () => {
    let asked = 0
    vi.stubGlobal('fetch', async () => found(`7a-${asked++}`))
    const { result, router } = await page('/?q=dog')
    await result.query.take(['http://example.org/a.jpg', 'http://example.org/b.jpg'])
    expect(result.url.state.value.uploads.map((each) => each.id)).toEqual(['7a-0', '7a-1'])
    await result.query.take(['http://example.org/c.jpg'], true)
    expect(result.url.state.value.uploads.map((each) => each.id)).toEqual(['7a-0', '7a-1', '7a-2'])
    router.back()
    await rested()
    expect(result.url.state.value.uploads).toHaveLength(2)
    router.back()
    await rested()
    expect(result.url.state.value.uploads).toHaveLength(0)
  })

  it('stays with what is there when one cannot be read', async () => {
    vi.stubGlobal('fetch', async () => Response.json({ code: 'unreadable_picture' }, { status: 422 }))
    const { result } = await page('/?q=dog')
    await result.query.take(['http://example.org/a.jpg'])
    expect(result.query.problem.value?.code).toBe('unreadable_picture')
    expect(result.query.coming.value).toBeNull()
    expect(result.url.state.value).toMatchObject({ words: 'dog', uploads: [] })
  })
})

describe('a shared link', () => {
  it('asks the service for the picture it names', async () => {
    const asked: string[] = []
    vi.stubGlobal('fetch', async (path: string) => {
      asked.push(path)
      return Response.json({ upload_id: '8b-01', width: 64, height: 48, objects, image_url: 'http://p/x' })
    })
    const { result } = await page('/?up=8b-01&box=1,2,30,40;5,5,9,9')
    await rested()
    expect(asked).toEqual(['/v1/uploads/8b-01'])
    expect(result.query.pictures.value[0]).toMatchObject({ picture: { src: 'http://p/x' }, chosen: [box, [5, 5, 9, 9]] })
  })

  it('says so when the picture is not kept any more', async () => {
    vi.stubGlobal('fetch', async () => Response.json({ code: 'not_found' }, { status: 404 }))
    const { result } = await page('/?up=8b-02&box=1,2,30,40')
    await rested()
    expect(result.query.pictures.value[0]).toMatchObject({ phase: 'error', picture: null })
    expect(result.query.problem.value?.code).toBe('not_found')
  })

  it('waits for the collection of a stored object', async () => {
    const asked: string[] = []
    vi.stubGlobal('fetch', async (path: string) => {
      asked.push(path)
      return Response.json({ image_url: 'http://p/x', format: 'jpeg', thumbnails: {}, width: 64, height: 48, objects: [{ ...objects[0], object_id: 'ab-1' }] })
    })
    const known = ref(false)
    const { result } = await page('/?obj=ab-1', known)
    await rested()
    expect(asked).toEqual([])
    result.collection.value = 'cars'
    known.value = true
    await rested()
    expect(asked).toEqual(['/v1/collections/cars/images/ab'])
    expect(result.query.pictures.value[0]).toMatchObject({ chosen: [box], objects: ['ab-1'] })
  })
})

describe('choosing', () => {
  it('takes one box, several, and the whole picture alone', async () => {
    vi.stubGlobal('fetch', async () => found('7a-ff'))
    const { result } = await page()
    await result.query.take(['http://example.org/a.jpg'])
    const boxes = () => result.url.state.value.uploads[0]?.boxes
    const one = () => result.query.pictures.value[0]!
    const [dog, cat] = one().picture!.objects as never[]
    result.choosing.pick(one(), cat!, true)
    await settled()
    expect(boxes()).toEqual([box, [5, 5, 9, 9]])
    result.choosing.draw(one(), [6, 6, 10, 10], true, true)
    await settled()
    expect(boxes()).toEqual([box, [6, 6, 10, 10]])
    result.choosing.pick(one(), dog!, true)
    await settled()
    expect(boxes()).toEqual([[6, 6, 10, 10]])
    result.choosing.whole(one())
    await settled()
    expect(boxes()).toEqual([[0, 0, 64, 48]])
    result.choosing.pick(one(), cat!, true)
    await settled()
    expect(boxes()).toEqual([[5, 5, 9, 9]])
    result.choosing.remove(one())
    await settled()
    expect(result.url.state.value.uploads).toEqual([])
  })
})
