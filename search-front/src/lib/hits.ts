/** Results one by one: pictures with their matching objects, or single objects, of which a picture may hold several. */
import type { Hit } from '@/api/types'

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
