import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import type { Box, FoundObject } from '@/api/types'
import { useBoxEditor } from '@/composables/useBoxEditor'
import { givenBy, linkIn } from '@/composables/useGivenPictures'
import { imageOfObject, mainObject, type QueryPicture } from '@/composables/useQueryPictures'
import { recall, remember } from '@/kept'
import { largest, sourceSet } from '@/pictures'
import { mounted } from './setup'

function found(label: string, box: Box, box_score: number): FoundObject {
  return { label, label_name: null, box, box_norm: [0, 0, 1, 1], box_score }
}

beforeEach(() => sessionStorage.clear())

describe('the object that is searched first', () => {
  const size = { width: 100, height: 100 }
  it('is large and sure, not merely the surest', () => {
    const bird = found('bird', [0, 0, 4, 4], 0.95)
    const dog = found('dog', [20, 20, 80, 80], 0.7)
    expect(mainObject([bird, dog], size)).toBe(dog)
  })
  it('is none when nothing was found', () => expect(mainObject([], size)).toBeNull())
  it('names its image', () => expect(imageOfObject('abc-12')).toBe('abc'))
})

describe('what is given', () => {
  it.each([
    ['https://example.org/a.jpg', true],
    ['  http://example.org/a b.jpg', false],
    ['a dog on https://example.org', false],
    ['ftp://example.org/a.jpg', false],
    ['狗', false],
  ])('%j is a link: %s', (text, link) => expect(linkIn(text) !== null).toBe(link))

  it('prefers a file over its address', () => {
    const file = new File(['x'], 'a.jpg')
    const data = { files: [file], getData: () => 'https://example.org/a.jpg' } as unknown as DataTransfer
    expect(givenBy(data)).toEqual([file])
    expect(givenBy({ files: [], getData: () => 'https://example.org/a.jpg\nx' } as unknown as DataTransfer)).toEqual(['https://example.org/a.jpg'])
    expect(givenBy(null)).toEqual([])
  })
})

describe('kept pictures', () => {
  const picture: QueryPicture = { src: 'data:,', width: 4, height: 3, objects: [], upload: 'u0' }
  it('come back, and the oldest go first', () => {
    for (let i = 0; i < 14; i++) remember(`u${i}`, { ...picture, upload: `u${i}` })
    expect(recall('u13')?.upload).toBe('u13')
    expect(sessionStorage.getItem('boxlens.upload.u0')).toBeNull()
    expect(sessionStorage.getItem('boxlens.upload.u2')).not.toBeNull()
    expect(recall('never')).toBeNull()
  })
})

describe('the box editor', () => {
  const key = (name: string, shift = false) => new KeyboardEvent('keydown', { key: name, shiftKey: shift })

  it('moves with arrows, resizes with Shift, searches once they rest, and undoes with Escape', async () => {
    vi.useFakeTimers()
    const commit = vi.fn<(box: Box, moved: boolean) => void>()
    const { result: editor } = await mountedNow(() =>
      useBoxEditor(ref({ width: 200, height: 100 }), ref<Box | null>([10, 10, 50, 50]), commit),
    )
    editor.key(key('ArrowRight'))
    editor.key(key('ArrowDown', true))
    expect(editor.draft.value).toEqual([12, 10, 52, 51])
    expect(commit).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1000)
    expect(commit).toHaveBeenCalledExactlyOnceWith([12, 10, 52, 51], true)
    expect(editor.key(key('Escape'))).toBe(true)
    expect(editor.draft.value).toBeNull()
    expect(editor.key(key('Escape'))).toBe(false)
    expect(editor.key(key('a'))).toBe(false)
    vi.useRealTimers()
  })

  it('draws with a pointer in picture pixels, and takes a slip for a click', async () => {
    const commit = vi.fn<(box: Box, moved: boolean) => void>()
    const { result: editor } = await mounted(() => useBoxEditor(ref({ width: 200, height: 100 }), ref<Box | null>(null), commit))
    const surface = document.createElement('div')
    surface.getBoundingClientRect = () => ({ left: 0, top: 0, width: 100, height: 50 }) as DOMRect
    surface.setPointerCapture = () => undefined
    const at = (x: number, y: number) => new PointerEvent('pointermove', { clientX: x, clientY: y, button: 0 })
    editor.press(surface, at(10, 10), 'draw')
    editor.drag(surface, at(12, 11))
    editor.release()
    expect(commit).not.toHaveBeenCalled()
    editor.press(surface, at(10, 10), 'draw')
    editor.drag(surface, at(60, 40))
    editor.release()
    expect(commit).toHaveBeenCalledExactlyOnceWith([20, 20, 120, 80], false)
  })

  const mountedNow = mounted
})

describe('picture sources', () => {
  const stored = { thumbnails: { 320: 'http://p/a?w=320', 640: 'http://p/a?w=640' }, thumbnail_url: 'http://p/a?w=320', image_url: 'http://p/a', width: 500, format: 'jpeg' }
  it('offer every width, the last with the pixels it truly has', () => {
    expect(sourceSet(stored)).toBe('http://p/a?w=320 320w, http://p/a?w=640 500w')
    expect(sourceSet({ ...stored, thumbnails: {} })).toBeUndefined()
    expect(sourceSet({ ...stored, thumbnails: { 320: 'http://p/a?w=320' } })).toBeUndefined()
  })
  it('show the picture itself, or a thumbnail of what no browser shows', () => {
    expect(largest(stored)).toBe('http://p/a')
    expect(largest({ ...stored, format: 'tiff' })).toBe('http://p/a?w=640')
  })
})
