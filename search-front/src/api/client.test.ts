import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import en from '@/i18n/locales/en.json'
import { addImage, annotateImage, detect, getMissing, search, signIn } from './client'
import { Problem } from './problem'

function answering(status: number, body: unknown, type = 'application/problem+json') {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const spy = vi.fn<typeof fetch>(async () => new Response(text, { status, headers: { 'content-type': type } }))
  vi.stubGlobal('fetch', spy)
  return spy
}

const query = { clauses: [{ text: 'dog' }], size: 10 }

beforeEach(() => localStorage.clear())
afterEach(() => vi.unstubAllGlobals())

/** An upload that sends a quarter, all, and then has this answer; status 0 as if nobody listened. */
function uploading(status: number, body: unknown): void {
  class Upload {
    status = status
    response = JSON.stringify(body)
    upload: Record<string, (event?: object) => void> = {}
    onload!: () => void
    onerror!: () => void
    open(): void {}
    setRequestHeader(): void {}
    send(): void {
      if (status === 0) return this.onerror()
      this.upload.onprogress!({ lengthComputable: true, loaded: 1, total: 4 })
      this.upload.onload!()
      this.onload()
    }
  }
  vi.stubGlobal('XMLHttpRequest', Upload)
}

describe('the client', () => {
  it.each([
    [401, { code: 'denied', detail: 'No key.' }, 'denied'],
    [403, { code: 'forbidden', detail: 'The key reads.' }, 'forbidden'],
    [413, { code: 'too_large' }, 'too_large'],
    [422, { code: 'forbidden_url' }, 'forbidden_url'],
    [413, '<html>nginx</html>', 'too_large'],
    [502, '', 'offline'],
    [500, 'boom', 'internal'],
  ])('turns %i into a problem with a code the page translates', async (status, body, code) => {
    answering(status, body)
    const problem = await search('default', query).catch((e: unknown) => e)
    expect(problem).toBeInstanceOf(Problem)
    expect(problem).toMatchObject({ code, status })
    expect(en.problem).toHaveProperty(code)
  })

  it('says offline when there is no answer, and timeout when it takes too long', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
    await expect(search('default', query)).rejects.toMatchObject({ code: 'offline' })
    vi.stubGlobal('fetch', () => Promise.reject(new DOMException('late', 'TimeoutError')))
    await expect(search('default', query)).rejects.toMatchObject({ code: 'timeout' })
  })

  it('passes an abort on, as nobody waits for it', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new DOMException('gone', 'AbortError')))
    await expect(search('default', query)).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('sends a key to sign in with, and keeps none', async () => {
    const spy = answering(200, { hits: [] }, 'application/json')
    await signIn('sesame')
    expect(spy.mock.calls[0]![0]).toBe('/v1/session')
    expect(new Headers(spy.mock.calls[0]![1]?.headers).get('authorization')).toBe('Bearer sesame')
    await search('my cars', query)
    expect(new Headers(spy.mock.calls[1]![1]?.headers).get('authorization')).toBeNull()
    expect(spy.mock.calls[1]![0]).toBe('/v1/collections/my%20cars/search')
    expect(localStorage).toHaveLength(0)
  })

  it('searches only when changes on their way have come, also those that are refused', async () => {
    const answers: ((response: Response) => void)[] = []
    const spy = vi.fn<typeof fetch>(() => new Promise((resolve) => answers.push(resolve)))
    vi.stubGlobal('fetch', spy)
    const changes = Promise.allSettled(['a', 'b'].map((image) => annotateImage('default', image, { caption: 'ours' })))
    const searched = search('default', query)
    answers[0]!(new Response('{}'))
    await new Promise((resolve) => setTimeout(resolve))
    expect(spy).toHaveBeenCalledTimes(2)
    answers[1]!(new Response('{}', { status: 503 }))
    await changes
    await vi.waitFor(() => expect(spy).toHaveBeenCalledTimes(3))
    answers[2]!(new Response('{"hits": []}'))
    expect(await searched).toEqual({ hits: [] })
  })

  it('sends a file as file and a link as image_url', async () => {
    const spy = answering(200, { objects: [] }, 'application/json')
    await detect('https://example.org/a.jpg')
    expect((spy.mock.calls[0]![1]?.body as FormData).get('image_url')).toBe('https://example.org/a.jpg')
    await detect(new File(['x'], 'a.jpg'))
    expect((spy.mock.calls[1]![1]?.body as FormData).get('file')).toBeInstanceOf(File)
  })

  it.each([
    [201, { created: true }],
    [200, { created: false }],
  ])('tells a new picture from one that was there: %i', async (status, outcome) => {
    answering(200, {}, 'application/json') // the collection stands
    uploading(status, {})
    const shares: number[] = []
    expect(await addImage('default', new File(['x'], 'a.jpg'), (share) => shares.push(share))).toEqual(outcome)
    expect(shares).toEqual([0.25, 1])
  })

  it('makes a problem of a refused upload, and of one that never came', async () => {
    answering(200, {}, 'application/json')
    uploading(422, { code: 'unreadable_picture', detail: 'cut off' })
    await expect(addImage('default', new File(['x'], 'a.jpg'))).rejects.toMatchObject({ code: 'unreadable_picture', detail: 'cut off' })
    uploading(0, {})
    await expect(addImage('default', new File(['x'], 'a.jpg'))).rejects.toMatchObject({ code: 'offline' })
  })

  it('makes a new collection once for uploads that begin together', async () => {
    const spy = answering(200, {}, 'application/json')
    uploading(201, {})
    const both = [new File(['x'], 'a.jpg'), new File(['y'], 'b.jpg')].map((file) => addImage('together', file))
    expect(await Promise.all(both)).toEqual([{ created: true }, { created: true }])
    expect(spy.mock.calls.map(([path, init]) => [init?.method, path])).toEqual([['PUT', '/v1/collections/together']])
    await addImage('together', new File(['z'], 'c.jpg'))
    expect(spy).toHaveBeenCalledTimes(1)
  })

  it('asks for the collection again after it could not be made', async () => {
    uploading(201, {})
    answering(503, { code: 'elasticsearch_away' })
    const both = await Promise.allSettled([1, 2].map(() => addImage('later', new File(['x'], 'a.jpg'))))
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const spy = answering(200, {}, 'application/json')
    expect(await addImage('later', new File(['x'], 'a.jpg'))).toEqual({ created: true })
    expect(spy).toHaveBeenCalledTimes(1)
  })

  it('lists what is missing from a 503 of readyz, and nothing when it is ready', async () => {
    const lacks = [{ name: 'clip', detail: 'No CLIP.', repair: 'boxlens models pull' }]
    answering(503, { code: 'unavailable', missing: lacks })
    expect(await getMissing()).toEqual(lacks)
    answering(200, { status: 'ready' })
    expect(await getMissing()).toEqual([])
  })
})
