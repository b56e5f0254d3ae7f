import { describe, expect, it, vi } from 'vitest'
import { mounted } from '@/testing/mounting'
import { linkIn, picturesIn, useDropOrPaste } from './useDropOrPaste'

describe('what is dropped or pasted', () => {
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
    expect(picturesIn(data)).toEqual([file])
    expect(picturesIn({ files: [], getData: () => 'https://example.org/a.jpg\nx' } as unknown as DataTransfer)).toEqual(['https://example.org/a.jpg'])
    expect(picturesIn(null)).toEqual([])
  })
})

describe('a drag over the page', () => {
  const file = new File(['x'], 'a.jpg', { type: 'image/jpeg' })
  const pictures = { items: [{ kind: 'file', type: 'image/jpeg' }], files: [file], getData: () => '' }
  const words = { items: [{ kind: 'string', type: 'text/plain' }], files: [], getData: () => '' }

  /** Whether the event was taken from the browser. */
  function drag(type: string, dataTransfer: object): boolean {
    return !document.body.dispatchEvent(Object.assign(new Event(type, { bubbles: true, cancelable: true }), { dataTransfer }))
  }

  it('takes pictures, and shows that they may be dropped', async () => {
    const take = vi.fn()
    const { result, unmount } = await mounted(() => useDropOrPaste(take))
    expect(drag('dragenter', pictures)).toBe(true)
    expect(result.over.value).toBe(true)
    expect(drag('drop', pictures)).toBe(true)
    expect(result.over.value).toBe(false)
    expect(take).toHaveBeenCalledExactlyOnceWith([file], pictures)
    unmount()
  })

  it('leaves words to the field they are dropped into', async () => {
    const take = vi.fn()
    const { result, unmount } = await mounted(() => useDropOrPaste(take))
    expect(drag('dragenter', words)).toBe(false)
    expect(result.over.value).toBe(false)
    expect(drag('drop', words)).toBe(false)
    expect(take).not.toHaveBeenCalled()
    unmount()
  })
})
