/** The words of the API as the page uses them, taken from its OpenAPI document. */
import type { components } from './schema'

type Schemas = components['schemas']

/** [x1, y1, x2, y2] in pixels of the upright picture. */
export type Box = [number, number, number, number]

// The document says number[] with four items; the page holds them as tuples.
type Boxed<T> = Omit<T, 'box' | 'box_norm'> & { box: Box; box_norm: Box }

export type FoundObject = Boxed<Schemas['DetectedObject']>
export type Detected = Omit<Schemas['Detected'], 'objects'> & { objects: FoundObject[] }
export type StoredObject = Boxed<Schemas['StoredObject']>
export type StoredImage = Omit<Schemas['Image'], 'objects'> & { objects: StoredObject[] }
export type HitObject = Boxed<Schemas['HitObject']>
export type Hit = Omit<Schemas['Hit'], 'objects'> & { objects: HitObject[] }
export type Answer = Omit<Schemas['Answer'], 'hits'> & { hits: Hit[] }
export type Why = Schemas['Why']
export type Collection = Schemas['Collection']
export type Facets = Schemas['Facets']['facets']

export type Clause = { text: string } | { upload_id: string; box: Box } | { object_id: string }

export interface Query {
  clauses: Clause[]
  size: number
  cursor?: string
}

/** One entry of `missing` in the answer of /readyz. */
export interface Missing {
  name: string
  detail: string
  repair: string
}
