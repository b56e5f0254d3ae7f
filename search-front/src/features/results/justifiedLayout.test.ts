import { describe, expect, it } from 'vitest'
import { justifiedLayout, tileRatio } from './justifiedLayout'

describe('rows', () => {
  const shapes = [[640, 480], [480, 640], [640, 427], [2000, 300], [500, 500], [640, 360], [300, 900]]
  const items = Array.from({ length: 40 }, (_, i) => ({ width: shapes[i % 7]![0]!, height: shapes[i % 7]![1]! }))

  it.each([328, 390, 900, 1440, 2560])('fill a width of %i exactly, in order, near the target height', (width) => {
    const laid = justifiedLayout(items, { width, target: 200, gap: 12 })
    expect(laid.flatMap((row) => row.cells).map((c) => c.item)).toEqual(items)
    for (const { cells: row, full } of laid.slice(0, -1)) {
      const used = row.reduce((sum, c) => sum + c.width, 0) + 12 * (row.length - 1)
      expect(full).toBe(true)
      expect(used).toBeCloseTo(width, 6)
      expect(row[0]!.height).toBeGreaterThan(200 * 0.5)
      expect(row[0]!.height).toBeLessThan(200 * 1.6)
    }
    expect(laid.at(-1)!.cells[0]!.height).toBeLessThanOrEqual(200)
  })

  it('stay as they are when more arrive behind a full one', () => {
    const options = { width: 900, target: 200, gap: 12 }
    const all = justifiedLayout(items, options)
    for (let count = 1; count < items.length; count++) {
      const full = justifiedLayout(items.slice(0, count), options).filter((row) => row.full)
      expect(all.slice(0, full.length)).toEqual(full)
    }
  })

  it('give each tile the ratio of its picture', () => {
    for (const cell of justifiedLayout(items, { width: 1440, target: 200, gap: 12 }).flatMap((row) => row.cells)) {
      expect(cell.width / cell.height).toBeCloseTo(tileRatio(cell.item), 6)
    }
  })

  it('hold nothing without width, and bear a picture of unknown size', () => {
    expect(justifiedLayout(items, { width: 0, target: 200, gap: 12 })).toEqual([])
    expect(justifiedLayout([{ width: 0, height: 0 }], { width: 300, target: 200, gap: 12 })[0]!.cells).toHaveLength(1)
  })
})
