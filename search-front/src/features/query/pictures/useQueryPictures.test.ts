import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick, ref } from 'vue'
import { later, mounted, settled } from '@/testing/mounting'
import { useUrlState } from '@/url/useUrlState'
import { useBoxSelection } from './useBoxSelection'
import { useQueryPictures } from './useQueryPictures'

beforeEach(() => sessionStorage.clear())
afterEach(() => vi.unstubAllGlobals())

const box = [1, 2, 30, 40]
const objects = [
  { box, box_norm: [0, 0, 1, 1], label: 'dog', box_score: 0.9 },
  { box: [5, 5, 9, 9], box_norm: [0, 0, 1, 1], label: 'cat', box_score: 0.5 },
]
const detected = (id: string) => Response.json({ upload_id: id, width: 64, height: 48, objects })

function page(at = '/', ready = ref(true)) {
  const collection = ref('default')
  return mounted(() => {
    const url = useUrlState()
    return { url, collection, query: useQueryPictures(url, collection, ready), selection: useBoxSelection(url) }
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
    expect(result.query.incoming.value).toBe('')
    answer.resolve(detected('7a-ff'))
    await rested()
    expect(result.query.incoming.value).toBeNull()
    expect(result.url.state.value).toMatchObject({ words: 'dog', uploads: [{ id: '7a-ff', boxes: [box] }] })
    expect(result.query.pictures.value).toMatchObject([{ key: '7a-ff', phase: 'done', chosen: [box] }])
  })

  it('is dropped when another is given', async () => {
    const slow = later<Response>()
    let requests = 0
    vi.stubGlobal('fetch', () => (requests++ === 0 ? slow.promise : Promise.resolve(detected('7a-bb'))))
    const { result } = await page()
    void result.query.take(['http://example.org/a.jpg'])
    await settled()
    await result.query.take(['http://example.org/b.jpg'])
    slow.resolve(detected('7a-aa'))
    await rested()
    expect(result.url.state.value.uploads.map(({ id }) => id)).toEqual(['7a-bb'])
  })
})

describe('several pictures', () => {
  it('become one step of history, in the order they were given, and more are added', async () => {
    let requests = 0
    vi.stubGlobal('fetch', async () => detected(`7a-${requests++}`))
    const { result, router } = await page('/?q=dog')
    await result.query.take(['http://example.org/a.jpg', 'http://example.org/b.jpg'])
    expect(result.url.state.value.uploads.map(({ id }) => id)).toEqual(['7a-0', '7a-1'])
    await result.query.take(['http://example.org/c.jpg'], true)
    expect(result.url.state.value.uploads.map(({ id }) => id)).toEqual(['7a-0', '7a-1', '7a-2'])
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
    expect(result.query.incoming.value).toBeNull()
    expect(result.url.state.value).toMatchObject({ words: 'dog', uploads: [] })
  })
})

describe('a shared link', () => {
  it('asks the service for the picture it names', async () => {
    const paths: string[] = []
    vi.stubGlobal('fetch', async (path: string) => {
      paths.push(path)
      return Response.json({ upload_id: '8b-01', width: 64, height: 48, objects, image_url: 'http://p/x' })
    })
    const { result } = await page('/?up=8b-01&box=1,2,30,40;5,5,9,9')
    await rested()
    expect(paths).toEqual(['/v1/uploads/8b-01'])
    expect(result.query.pictures.value[0]).toMatchObject({ picture: { src: 'http://p/x' }, chosen: [box, [5, 5, 9, 9]] })
  })

  it('says so when the picture is not kept any more', async () => {
    vi.stubGlobal('fetch', async () => Response.json({ code: 'not_found' }, { status: 404 }))
    const { result } = await page('/?up=8b-02&box=1,2,30,40')
    await rested()
    expect(result.query.pictures.value[0]).toMatchObject({ phase: 'error', picture: null })
    expect(result.query.problem.value?.code).toBe('not_found')
  })

  it('asks for it again when a person tries again, and is silent once that was dismissed', async () => {
    let requests = 0
    vi.stubGlobal('fetch', async () => {
      requests += 1
      return Response.json({ code: 'not_found' }, { status: 404 })
    })
    const { result } = await page('/?up=8b-03&box=1,2,30,40')
    await rested()
    result.query.retry()
    await rested()
    expect(requests).toBe(2)
    expect(result.query.problem.value?.code).toBe('not_found')
    result.query.dismiss()
    expect(result.query.problem.value).toBeNull()
    expect(result.query.pictures.value[0]!.phase).toBe('error')
  })

  it('waits for the collection of a stored object', async () => {
    const paths: string[] = []
    vi.stubGlobal('fetch', async (path: string) => {
      paths.push(path)
      return Response.json({ image_url: 'http://p/x', format: 'jpeg', thumbnails: {}, width: 64, height: 48, objects: [{ ...objects[0], object_id: 'ab-1' }] })
    })
    const ready = ref(false)
    const { result } = await page('/?obj=ab-1', ready)
    await rested()
    expect(paths).toEqual([])
    result.collection.value = 'cars'
    ready.value = true
    await rested()
    expect(paths).toEqual(['/v1/collections/cars/images/ab'])
    expect(result.query.pictures.value[0]).toMatchObject({ chosen: [box], objects: ['ab-1'] })
  })
})

describe('choosing', () => {
  it('takes one box, several, and the whole picture alone', async () => {
    vi.stubGlobal('fetch', async () => detected('7a-ff'))
    const { result } = await page()
    await result.query.take(['http://example.org/a.jpg'])
    const boxes = () => result.url.state.value.uploads[0]?.boxes
    const selected = () => result.query.pictures.value[0]!
    const [dog, cat] = selected().picture!.objects as never[]
    result.selection.pick(selected(), cat!, true)
    await settled()
    expect(boxes()).toEqual([box, [5, 5, 9, 9]])
    result.selection.draw(selected(), [6, 6, 10, 10], true, true)
    await settled()
    expect(boxes()).toEqual([box, [6, 6, 10, 10]])
    result.selection.pick(selected(), dog!, true)
    await settled()
    expect(boxes()).toEqual([[6, 6, 10, 10]])
    result.selection.whole(selected())
    await settled()
    expect(boxes()).toEqual([[0, 0, 64, 48]])
    result.selection.pick(selected(), cat!, true)
    await settled()
    expect(boxes()).toEqual([[5, 5, 9, 9]])
    result.selection.remove(selected())
    await settled()
    expect(result.url.state.value.uploads).toEqual([])
  })
})
