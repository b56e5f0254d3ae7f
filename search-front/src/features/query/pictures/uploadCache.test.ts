import { beforeEach, describe, expect, it } from 'vitest'
import type { QueryPicture } from './queryPicture'
import { recall, remember } from './uploadCache'

beforeEach(() => sessionStorage.clear())

describe('cached uploads', () => {
  const picture: QueryPicture = { src: 'data:,', width: 4, height: 3, objects: [], upload: 'u0' }
  it('come back, and the oldest go first', () => {
    for (let i = 0; i < 14; i++) remember(`u${i}`, { ...picture, upload: `u${i}` })
    expect(recall('u13')?.upload).toBe('u13')
    expect(sessionStorage.getItem('boxlens.upload.u0')).toBeNull()
    expect(sessionStorage.getItem('boxlens.upload.u2')).not.toBeNull()
    expect(recall('u0')).toBeNull()
    expect(recall('never')).toBeNull()
  })
})
