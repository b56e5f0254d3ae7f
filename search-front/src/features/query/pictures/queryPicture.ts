import type { Box, FoundObject, StoredObject } from '@/api/types'
import { area, type Size } from '@/lib/geometry'
import type { Phase } from '@/lib/phase'

/** A picture a search starts from: one the user gave, or one of the collection. */
export interface QueryPicture extends Size {
  /** Where the browser finds it; "" when it cannot show it. */
  src: string
  objects: (FoundObject | StoredObject)[]
  upload: string | null
}

/** A picture of the query with what is chosen in it, as the address says. */
export interface SelectedPicture {
  /** The upload id, or the id of the stored image. */
  key: string
  upload: boolean
  phase: Phase
  picture: QueryPicture | null
  /** Boxes in its pixels; the last one is the one that can be moved. */
  chosen: Box[]
  /** Of a stored image: the objects and own boxes chosen. */
  objects: string[]
}

/** The object a person most likely means: well detected and large. */
export function mainObject(objects: readonly FoundObject[], size: Size): FoundObject | null {
  const weight = (o: FoundObject) => o.box_score * Math.sqrt(area(o.box) / (size.width * size.height))
  return objects.reduce<FoundObject | null>((best, o) => (best === null || weight(o) > weight(best) ? o : best), null)
}
