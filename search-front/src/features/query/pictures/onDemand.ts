import { defineAsyncComponent } from 'vue'
import type QueryPictures from './QueryPictures.vue'

let fetched: typeof QueryPictures | undefined

/** Fetches what shows the query's pictures. */
export async function fetchQueryPictures(): Promise<typeof QueryPictures> {
  fetched = (await import('./QueryPictures.vue')).default
  return fetched
}

/** What shows the query's pictures: drawn with the page where it was fetched before, so that nothing moves. */
export function queryPicturesOnDemand(): typeof QueryPictures {
  return fetched ?? defineAsyncComponent(fetchQueryPictures)
}
