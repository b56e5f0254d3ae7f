import type { Box } from '@/api/types'

export interface Size {
  width: number
  height: number
}

export interface Point {
  x: number
  y: number
}

/** A side or corner of a box by compass direction; "move" is the box itself. */
export type Grip = 'move' | 'n' | 's' | 'e' | 'w' | 'ne' | 'nw' | 'se' | 'sw'

export const MIN_SIDE = 4 // pixels; a smaller box was drawn by accident

const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high)

/** The box spanned by two points, inside the picture, in whole pixels. */
export function boxBetween(a: Point, b: Point, size: Size): Box {
  const xs = [clamp(a.x, 0, size.width), clamp(b.x, 0, size.width)].sort((m, n) => m - n) as [number, number]
  const ys = [clamp(a.y, 0, size.height), clamp(b.y, 0, size.height)].sort((m, n) => m - n) as [number, number]
  return [Math.floor(xs[0]), Math.floor(ys[0]), Math.ceil(xs[1]), Math.ceil(ys[1])]
}

/** The box moved, kept whole inside the picture. */
export function moveBox(box: Box, dx: number, dy: number, size: Size): Box {
  const w = box[2] - box[0]
  const h = box[3] - box[1]
  const x = Math.round(clamp(box[0] + dx, 0, size.width - w))
  const y = Math.round(clamp(box[1] + dy, 0, size.height - h))
  return [x, y, x + w, y + h]
}

/** The box with one side or corner moved by dx, dy; sides never cross and never leave the picture. */
export function resizeBox(box: Box, grip: Grip, dx: number, dy: number, size: Size): Box {
  if (grip === 'move') return moveBox(box, dx, dy, size)
  let [x1, y1, x2, y2] = box
  if (grip.includes('w')) x1 = clamp(x1 + dx, 0, x2 - MIN_SIDE)
  if (grip.includes('e')) x2 = clamp(x2 + dx, x1 + MIN_SIDE, size.width)
  if (grip.includes('n')) y1 = clamp(y1 + dy, 0, y2 - MIN_SIDE)
  if (grip.includes('s')) y2 = clamp(y2 + dy, y1 + MIN_SIDE, size.height)
  return [Math.round(x1), Math.round(y1), Math.round(x2), Math.round(y2)]
}

export function isLargeEnough(box: Box): boolean {
  return box[2] - box[0] >= MIN_SIDE && box[3] - box[1] >= MIN_SIDE
}

export function wholeBox(size: Size): Box {
  return [0, 0, size.width, size.height]
}

export function sameBox(a: Box | null, b: Box | null): boolean {
  if (a === null || b === null) return a === b
  return a.every((value, i) => Math.round(value) === Math.round(b[i]!))
}

export function roundBox(box: Box): Box {
  return box.map(Math.round) as Box
}

const MARGIN = 0.25 // of the box, on each side

/** The box with a margin on each side, cut to the picture. */
export function withMargin(box: Box, size: Size): Box {
  const [dx, dy] = [(box[2] - box[0]) * MARGIN, (box[3] - box[1]) * MARGIN]
  return [clamp(box[0] - dx, 0, size.width), clamp(box[1] - dy, 0, size.height), clamp(box[2] + dx, 0, size.width), clamp(box[3] + dy, 0, size.height)]
}

export function area(box: Box): number {
  return Math.max(0, box[2] - box[0]) * Math.max(0, box[3] - box[1])
}

/** The box that drawing by keyboard starts from: the middle half of each side. */
export function centreBox(size: Size): Box {
  return [size.width / 4, size.height / 4, (size.width * 3) / 4, (size.height * 3) / 4].map(Math.round) as Box
}
