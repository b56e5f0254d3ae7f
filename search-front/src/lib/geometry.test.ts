import { describe, expect, it } from 'vitest'
import type { Box } from '@/api/types'
import { isLargeEnough, boxBetween, moveBox, resizeBox, sameBox, type Grip } from './geometry'

const size = { width: 100, height: 80 }

describe('boxes', () => {
  it('are spanned in any direction and stay inside the picture', () => {
    expect(boxBetween({ x: 60.4, y: 50 }, { x: 20.6, y: 10 }, size)).toEqual([20, 10, 61, 50])
    expect(boxBetween({ x: -9, y: 70 }, { x: 500, y: 99 }, size)).toEqual([0, 70, 100, 80])
  })

  it('keep their size when moved against an edge', () => {
    expect(moveBox([10, 10, 30, 40], -50, 100, size)).toEqual([0, 50, 20, 80])
  })

  it.each<[Grip, Box]>([
    ['nw', [15, 13, 30, 40]],
    ['ne', [10, 13, 35, 40]],
    ['se', [10, 10, 35, 43]],
    ['sw', [15, 10, 30, 43]],
    ['e', [10, 10, 35, 40]],
    ['n', [10, 13, 30, 40]],
  ])('are pulled at %s', (grip, expected) => {
    expect(resizeBox([10, 10, 30, 40], grip, 5, 3, size)).toEqual(expected)
  })

  it('never turn inside out', () => {
    const box = resizeBox([10, 10, 30, 40], 'se', -500, -500, size)
    expect(isLargeEnough(box)).toBe(true)
  })

  it('are the same when they round to the same pixels', () => {
    expect(sameBox([1.2, 2, 3, 4], [1, 2, 3, 4])).toBe(true)
    expect(sameBox([1, 2, 3, 4], [1, 2, 3, 5])).toBe(false)
    expect(sameBox(null, [1, 2, 3, 4])).toBe(false)
  })
})
