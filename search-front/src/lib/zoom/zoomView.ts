/** How a picture lies on its stage: how large, and how far its middle is from the middle of the stage, in CSS pixels. */
import type { Point, Size } from '@/lib/geometry'

export interface View {
  /** 1 fits the stage. */
  scale: number
  x: number
  y: number
}

export const FITTED: View = { scale: 1, x: 0, y: 0 }

const MAX_PIXEL_SIZE = 4 // CSS pixels per pixel of the picture

/** The size at which a picture fills the stage, never beyond twice its own pixels. */
export function fitSize(picture: Size, stage: Size): Size {
  const scale = Math.min(stage.width / picture.width, stage.height / picture.height, 2)
  return { width: picture.width * scale, height: picture.height * scale }
}

/** The largest scale worth showing. */
export function maxScale(picture: Size, fit: Size): number {
  return Math.max(4, (picture.width * MAX_PIXEL_SIZE) / fit.width)
}

/** The view within its limits: no smaller than fitted, and no empty stage while there is picture to fill it. */
export function clampView(view: View, fit: Size, stage: Size, limit: number): View {
  const scale = Math.min(Math.max(view.scale, 1), limit)
  const room = (side: number, whole: number) => Math.max(0, (side * scale - whole) / 2)
  const within = (value: number, max: number) => Math.min(Math.max(value, -max), max) || 0
  return { scale, x: within(view.x, room(fit.width, stage.width)), y: within(view.y, room(fit.height, stage.height)) }
}

/** The view scaled by `factor` so that the point of the picture under `at` (from the stage's middle) stays there. */
export function zoomAt(view: View, factor: number, at: Point): View {
  return { scale: view.scale * factor, x: at.x - (at.x - view.x) * factor, y: at.y - (at.y - view.y) * factor }
}

export function pan(view: View, dx: number, dy: number): View {
  return { ...view, x: view.x + dx, y: view.y + dy }
}
