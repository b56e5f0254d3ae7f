/** The types of the API as the page uses them, taken from its OpenAPI document. */
import type { components } from './schema'

type Schemas = components['schemas']

/** [x1, y1, x2, y2] in pixels of the upright picture. */
export type Box = [number, number, number, number]

// The document says number[] with four items; the page holds them as tuples.
type Boxed<T> = Omit<T, 'box' | 'box_norm'> & { box: Box; box_norm: Box }

export type LabelClass = Schemas['Label']
export type ImageAnnotations = Schemas['ImagePatch']
export type SelectionWords = Partial<Pick<Schemas['SelectionPatch'], 'caption' | 'add_tags' | 'remove_tags' | 'add_albums' | 'remove_albums'>>
export type SelectionResult = Schemas['SelectionResult']
export type ExportChoice = Omit<Schemas['SelectionExport'], 'image_ids'>
export type FoundObject = Boxed<Schemas['DetectedObject']>
export type Detected = Omit<Schemas['Detected'], 'objects'> & { objects: FoundObject[] }
// The objects of a hit come without the picture of each alone.
export type Upload = Omit<Schemas['Upload'], 'objects'> & { objects: FoundObject[] }
export type VideoPlace = Schemas['VideoPlace']
export type Followed = Schemas['Followed']
export type StoredObject = Boxed<Omit<Schemas['ImageObject'], 'crop_url'>> & { crop_url?: string | null }
export type StoredImage = Omit<Schemas['Image'], 'objects'> & { objects: StoredObject[] }
export type HitObject = Boxed<Schemas['HitObject']>
/** `answered`: where a person corrected the picture since, the hit as the search answered it. */
export type Hit = Omit<Schemas['Hit'], 'objects'> & { objects: HitObject[]; answered?: Hit }
export type Answer = Omit<Schemas['Answer'], 'hits'> & { hits: Hit[] }
export type Total = Schemas['Total']
export type SavedSearch = Schemas['SavedSearch']
export type SavedSearches = Schemas['SavedSearches']
export interface SearchToSave {
  name: string
  collection: string
  query: SearchRequest
  /** What stands behind the question mark of the page's address. */
  link: string
  tell: boolean
  tell_apprise: boolean
}
export type Suggestion = Schemas['Suggestion']
export type Why = Schemas['Why']
export type Collection = Schemas['Collection']
export type Facets = Schemas['Facets']['facets']
export type Judgement = Schemas['Mark']['judgement']
export type Spread = Schemas['Spread']
export type FacetCount = Facets[string][number]
export interface Filter extends Partial<Omit<Schemas['Filter'], 'any' | 'none'>> {
  any?: Filter[]
}
export type ReadCondition = Schemas['ReadCondition']
export type LabelNames = Schemas['LabelNames']
export type Sort = Schemas['Query']['sort']

export type Clause = { text: string; weight?: number } | { upload_id: string; box: Box } | { image_id: string; box: Box } | { object_id: string; weight?: number }

/** A search, whatever page of its answer is asked for. */
export interface SearchRequest {
  clauses: Clause[]
  filter?: Filter
  read_text?: boolean
  /** Keys of conditions that shall not be read from the words. */
  ignore?: string[]
  min_relevance?: number | 'auto' | null
  sort?: Sort
  fold?: boolean
  group_by?: 'image' | 'object'
}

export interface PagedSearchRequest extends SearchRequest {
  size: number
  cursor?: string
}

/** One entry of `missing` in the answer of /readyz. */
export interface Missing {
  name: string
  detail: string
  repair: string
}
