/** What of stored images is searched, as the address names it: objects by their id, own boxes as `image@x1,y1,x2,y2`. */
import type { Box } from '@/api/types'

export function parseBox(text: string): Box | null {
  const numbers = text.split(',').map(Number)
  if (text === '' || numbers.length !== 4 || !numbers.every((n) => Number.isFinite(n) && n >= 0)) return null
  const box = numbers.map(Math.round) as Box
  return box[2] > box[0] && box[3] > box[1] ? box : null
}

/** The id of the image that a stored object or an own box is in. */
export function imageOf(place: string): string {
  return place.split(/[-@]/, 1)[0]!
}

export const ownBox = (imageId: string, box: Box) => `${imageId}@${box.join()}`

/** The box that a person drew; null for a stored object. */
export function boxOf(place: string): Box | null {
  return parseBox(place.split('@')[1] ?? '')
}

/** Whether it names anything. */
export const isPlace = (place: string) => !place.includes('@') || boxOf(place) !== null
