export interface Cell<T> {
  item: T
  width: number
  height: number
}

export interface Row<T> {
  cells: Cell<T>[]
  /** Whether it fills the width: later items leave such a row as it is. */
  full: boolean
}

export interface LayoutOptions {
  /** Width to fill, in CSS pixels. */
  width: number
  /** Height a row aims at; rows come out between about 0.7 and 1.4 of it. */
  target: number
  gap: number
}

// Panoramas and strips are cropped by the tile beyond these ratios, so that none of them ruins a row.
const MAX_RATIO = 3
const MIN_RATIO = 0.62

/** How wide a tile is for its height. */
export function tileRatio(size: { width: number; height: number }): number {
  if (!(size.width > 0 && size.height > 0)) return 1
  return Math.min(Math.max(size.width / size.height, MIN_RATIO), MAX_RATIO)
}

/**
 * Items in rows that fill the width exactly, each with its own aspect ratio.
 *
 * A row closes where its height comes nearest to the target. A last row that is not full keeps the target height and is
 * not stretched; its pictures change their size when more arrive.
 */
export function justifiedLayout<T extends { width: number; height: number }>(items: readonly T[], options: LayoutOptions): Row<T>[] {
  const { width, target, gap } = options
  if (width <= 0) return []
  const rows: Row<T>[] = []
  let row: T[] = []
  let ratios = 0
  const heightOf = (count: number, sum: number) => (width - gap * (count - 1)) / sum
  const close = (height: number, full = true) => {
    rows.push({ cells: row.map((item) => ({ item, width: height * tileRatio(item), height })), full })
    row = []
    ratios = 0
  }
  for (const item of items) {
    const next = ratios + tileRatio(item)
    const before = row.length > 0 ? heightOf(row.length, ratios) : Infinity
    const after = heightOf(row.length + 1, next)
    if (after < target && Math.abs(before - target) < Math.abs(target - after)) {
      close(before)
      row = [item]
      ratios = tileRatio(item)
    } else {
      row.push(item)
      ratios = next
    }
    if (heightOf(row.length, ratios) <= target) close(heightOf(row.length, ratios))
  }
  if (row.length > 0) close(Math.min(target, heightOf(row.length, ratios)), false)
  return rows
}
