import { describe, expect, it } from 'vitest'
import type { Box } from '@/api/types'
import { bigEnough, boxBetween, movedBox, pulledBox, sameBox, type Grip } from '@/geometry'
import { rows, tileRatio } from '@/rows'

const size = { width: 100, height: 80 }

describe('boxes', () => {
  it('are spanned in any direction and stay inside the picture', () => {
    expect(boxBetween({ x: 60.4, y: 50 }, { x: 20.6, y: 10 }, size)).toEqual([20, 10, 61, 50])
    expect(boxBetween({ x: -9, y: 70 }, { x: 500, y: 99 }, size)).toEqual([0, 70, 100, 80])
  })

  it('keep their size when moved against an edge', () => {
    expect(movedBox([10, 10, 30, 40], -50, 100, size)).toEqual([0, 50, 20, 80])
  })

  it.each<[Grip, Box]>([
    ['nw', [15, 13, 30, 40]],
    ['ne', [10, 13, 35, 40]],
    ['se', [10, 10, 35, 43]],
    ['sw', [15, 10, 30, 43]],
    ['e', [10, 10, 35, 40]],
    ['n', [10, 13, 30, 40]],
  ])('are pulled at %s', (grip, wanted) => {
    expect(pulledBox([10, 10, 30, 40], grip, 5, 3, size)).toEqual(wanted)
  })

  it('never turn inside out', () => {
    const box = pulledBox([10, 10, 30, 40], 'se', -500, -500, size)
    expect(bigEnough(box)).toBe(true)
  })

  it('are the same when they round to the same pixels', () => {
    expect(sameBox([1.2, 2, 3, 4], [1, 2, 3, 4])).toBe(true)
    expect(sameBox([1, 2, 3, 4], [1, 2, 3, 5])).toBe(false)
    expect(sameBox(null, [1, 2, 3, 4])).toBe(false)
  })
})

describe('rows', () => {
  const shapes = [[640, 480], [480, 640], [640, 427], [2000, 300], [500, 500], [640, 360], [300, 900]]
  const items = Array.from({ length: 40 }, (_, i) => ({ width: shapes[i % 7]![0]!, height: shapes[i % 7]![1]! }))

  it.each([328, 390, 900, 1440, 2560])('fill a width of %i exactly, in order, near the wanted height', (width) => {
    const laid = rows(items, { width, target: 200, gap: 12 })
    expect(laid.flat().map((c) => c.item)).toEqual(items)
    for (const row of laid.slice(0, -1)) {
      const used = row.reduce((sum, c) => sum + c.width, 0) + 12 * (row.length - 1)
      expect(used).toBeCloseTo(width, 6)
      expect(row[0]!.height).toBeGreaterThan(200 * 0.5)
      expect(row[0]!.height).toBeLessThan(200 * 1.6)
    }
    expect(laid.at(-1)![0]!.height).toBeLessThanOrEqual(200)
  })

  it('give each tile the ratio of its picture', () => {
    for (const cell of rows(items, { width: 1440, target: 200, gap: 12 }).flat()) {
      expect(cell.width / cell.height).toBeCloseTo(tileRatio(cell.item), 6)
    }
  })

  it('hold nothing without width, and bear a picture of unknown size', () => {
    expect(rows(items, { width: 0, target: 200, gap: 12 })).toEqual([])
    expect(rows([{ width: 0, height: 0 }], { width: 300, target: 200, gap: 12 })[0]).toHaveLength(1)
  })
})
