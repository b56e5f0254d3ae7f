import { beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick, ref } from 'vue'
import { Problem } from '@/api/problem'
import type { Box, FoundObject } from '@/api/types'
import { useAddPictures } from '@/composables/useAddPictures'
import { useBoxEditor } from '@/composables/useBoxEditor'
import { givenBy, linkIn } from '@/composables/useGivenPictures'
import { imageOfObject, mainObject, type QueryPicture } from '@/composables/useQueryPicture'
import { recall, remember } from '@/kept'
import { sourceSet } from '@/pictures'
import { mounted, settled } from './setup'

function found(label: string, box: Box, box_score: number): FoundObject {
  return { label, box, box_norm: [0, 0, 1, 1], box_score }
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
    expect(givenBy(data)).toBe(file)
    expect(givenBy({ files: [], getData: () => 'https://example.org/a.jpg\nx' } as unknown as DataTransfer)).toBe('https://example.org/a.jpg')
    expect(givenBy(null)).toBeNull()
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
    const commit = vi.fn<(box: Box) => void>()
    const { result: editor } = await mountedNow(() =>
      useBoxEditor(ref({ width: 200, height: 100 }), ref<Box | null>([10, 10, 50, 50]), commit),
    )
    editor.key(key('ArrowRight'))
    editor.key(key('ArrowDown', true))
    expect(editor.draft.value).toEqual([12, 10, 52, 51])
    expect(commit).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1000)
    expect(commit).toHaveBeenCalledExactlyOnceWith([12, 10, 52, 51])
    expect(editor.key(key('Escape'))).toBe(true)
    expect(editor.draft.value).toBeNull()
    expect(editor.key(key('Escape'))).toBe(false)
    expect(editor.key(key('a'))).toBe(false)
    vi.useRealTimers()
  })

  it('draws with a pointer in picture pixels, and takes a slip for a click', async () => {
    const commit = vi.fn<(box: Box) => void>()
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
    expect(commit).toHaveBeenCalledExactlyOnceWith([20, 20, 120, 80])
  })

  const mountedNow = mounted
})

describe('adding pictures', () => {
  it('gives each file its own fate and sends the failed ones again', async () => {
    const whenDone = vi.fn()
    let broken = true
    const send = vi.fn(async (_c: string, file: File) => {
      if (file.name === 'bad' && broken) throw new Problem('unreadable_picture', 422)
      return { created: file.name !== 'old' }
    })
    const { result } = await mounted(() => useAddPictures(send))
    result.add('default', ['new', 'old', 'bad', 'more'].map((n) => new File(['x'], n)), whenDone)
    await settled()
    expect(result.files.value.map((f) => f.state)).toEqual(['added', 'known', 'failed', 'added'])
    expect(result.counts.value).toEqual({ all: 4, done: 4, added: 2, known: 1, failed: 1 })
    expect(whenDone).toHaveBeenCalled()
    broken = false
    result.retry('default')
    await settled()
    expect(result.counts.value.failed).toBe(0)
    await nextTick()
    expect(result.busy.value).toBe(false)
  })
})

describe('picture sources', () => {
  it('offer the thumbnail and the whole, when the thumbnail is smaller', () => {
    const stored = { thumbnail_url: 'http://p/a?w=320', image_url: 'http://p/a', width: 640 }
    expect(sourceSet(stored)).toBe('http://p/a?w=320 320w, http://p/a 640w')
    expect(sourceSet({ ...stored, width: 200 })).toBeUndefined()
    expect(sourceSet({ ...stored, thumbnail_url: null })).toBeUndefined()
  })
})
