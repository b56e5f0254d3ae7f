/** Results one by one: pictures with their matching objects, or single objects, of which a picture may hold several. */
import type { Hit } from './api/types'

/** What tells a result from all others of its answer. */
export const hitKey = (hit: Hit): string => `${hit.image_id} ${hit.objects[0]?.object_id ?? ''}`

/** The first result of each picture. */
export function picturesOf(hits: readonly Hit[]): Hit[] {
  const seen = new Set<string>()
  return hits.filter((hit) => !seen.has(hit.image_id) && seen.add(hit.image_id))
}

/** Whether something ranked it; where conditions alone list pictures none of their objects is a better match than another. */
export const ranked = (hit: Hit): boolean => hit.objects.some((o) => o.why.length > 0 || o.part !== null)
