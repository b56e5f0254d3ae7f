import { describe, expect, it } from 'vitest'
import { downscaledSize } from './downscale'

describe('a large photo', () => {
  it.each([
    [{ width: 6000, height: 4000 }, { width: 2048, height: 1365 }],
    [{ width: 3000, height: 9000 }, { width: 683, height: 2048 }],
    [{ width: 2048, height: 10 }, { width: 2048, height: 10 }],
    [{ width: 90000, height: 1 }, { width: 2048, height: 1 }],
  ])('of %j is sent as %j', (original, size) => expect(downscaledSize(original)).toEqual(size))
})
