/** Results one by one: pictures with their matching objects, or single objects, of which a picture may hold several. */
import type { Hit, HitObject, StoredImage } from '@/api/types'

/** Identifies a result within its answer. */
export const hitKey = (hit: Hit): string => `${hit.image_id} ${hit.objects[0]?.object_id ?? ''}`

function distinctBy(hits: readonly Hit[], keyOf: (hit: Hit) => string): Hit[] {
  const keys = new Set<string>()
  return hits.filter((hit) => !keys.has(keyOf(hit)) && keys.add(keyOf(hit)))
}

/** Each result once, where it stood first. */
export const distinctHits = (hits: readonly Hit[]): Hit[] => distinctBy(hits, hitKey)

/** The first result of each picture. */
export const picturesOf = (hits: readonly Hit[]): Hit[] => distinctBy(hits, (hit) => hit.image_id)

/** Whether something ranked it; where conditions alone list pictures none of their objects is a better match than another. */
export const ranked = (hit: Hit): boolean => hit.objects.some((o) => o.why.length > 0 || o.part !== null)

/** A hit with its objects as they are after a correction of its picture; where none of them is left, the whole picture. */
export function corrected(hit: Hit, image: StoredImage): Hit {
  const answered = hit.answered ?? hit
  const stored = new Map(image.objects.map((o) => [o.object_id, o]))
  const objects = answered.objects
    .filter((o) => o.kind === 'proposal' || stored.has(o.object_id)) // proposals are no objects of the picture
    .map((o): HitObject => ({ ...o, ...stored.get(o.object_id) }))
  const frame = image.objects.find((o) => o.kind === 'frame')
  const whole: HitObject[] = frame ? [{ ...frame, score: 0, relevance: null, part: null, why: [], highlights: {} }] : []
  return { ...answered, objects: objects.length > 0 ? objects : whole, answered }
}
