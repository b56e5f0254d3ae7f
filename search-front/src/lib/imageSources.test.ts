import { describe, expect, it } from 'vitest'
import { largestSource, sourceSet } from './imageSources'

describe('picture sources', () => {
  const stored = { thumbnails: { 320: 'http://p/a?w=320', 640: 'http://p/a?w=640' }, thumbnail_url: 'http://p/a?w=320', image_url: 'http://p/a', width: 500, format: 'jpeg' }
  it('offer every width, the last with the pixels it truly has', () => {
    expect(sourceSet(stored)).toBe('http://p/a?w=320 320w, http://p/a?w=640 500w')
    expect(sourceSet({ ...stored, thumbnails: {} })).toBeUndefined()
    expect(sourceSet({ ...stored, thumbnails: { 320: 'http://p/a?w=320' } })).toBeUndefined()
  })
  it('show the picture itself, or a thumbnail of what no browser shows', () => {
    expect(largestSource(stored)).toBe('http://p/a')
    expect(largestSource({ ...stored, format: 'tiff' })).toBe('http://p/a?w=640')
  })
})
