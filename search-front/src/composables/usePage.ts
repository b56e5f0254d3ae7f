import { computed, watch } from 'vue'
import type { Problem } from '@/api/problem'
import type { StoredImage } from '@/api/types'
import { askedOf, clausesOf } from '@/query'
import { useConditions } from './useConditions'
import { useDeleted } from './useDeleted'
import { useOpenPicture } from './useOpenPicture'
import { useQueryPictures } from './useQueryPictures'
import { useReturning } from './useReturning'
import { useSearch, type Wanted } from './useSearch'
import { useService } from './useService'
import { USUAL, useUrlState, type PageState } from './useUrlState'

/** All that the page shows, as it follows from the address, and the steps a person takes to another address. */
export function usePage() {
  const url = useUrlState()
  const { state, go } = url

  const service = useService(computed(() => state.value.collection))
  const { collection } = service
  /** Whether it is known which collection is meant. */
  const settled = computed(() => state.value.collection !== null || service.asked.value)
  /** The collection as the service lists it. */
  const here = computed(() => service.known.value.find((c) => c.name === collection.value) ?? null)

  const query = useQueryPictures(url, collection, settled)
  const wanted = computed<Wanted | null>(() => {
    const asked = askedOf(state.value)
    return settled.value && asked ? { collection: collection.value, ...asked } : null
  })
  const steps = useReturning()
  const search = useSearch(wanted, undefined, steps)
  const conditions = useConditions(state, search.answer, service.labels)
  const deleted = useDeleted(() => void service.refresh())
  const hits = computed(() => search.hits.value.filter((hit) => !deleted.gone.value.has(hit.image_id)))
  const opened = useOpenPicture(url, hits, search)
  watch([search.hits, search.phase, state], () => search.phase.value === 'done' && steps.keepRead(search.hits.value.length), { flush: 'post' })

  /** Whether words or pictures rank what is found, rather than conditions alone list it. */
  const ranked = computed(() => clausesOf(state.value).length > 0)
  /** Something is looked for, though no search is under way yet. */
  const coming = computed(() => query.coming.value !== null || (askedOf(state.value) !== null && wanted.value === null))
  const hasPicture = computed(() => query.pictures.value.length > 0 || query.coming.value !== null)

  /** Looks for words; the same words again ask again. */
  function look(words: string, without: string[] = []): void {
    const all = [...new Set([...state.value.without, ...without])]
    const same = words === state.value.words && all.length === state.value.without.length
    void go({ words, without: all, ignore: words === state.value.words ? state.value.ignore : [], open: null })
    if (same) void search.retry()
  }

  /** Something else than before: of the query that stands nothing stays. */
  function anew(patch: Partial<PageState>): void {
    void go({ words: '', without: [], uploads: [], objects: [], ...USUAL, open: null, ...patch })
  }

  /** A step to what narrows or orders the answer. */
  function change(patch: Partial<PageState>): void {
    void go({ ...patch, open: null })
  }

  function dropPictures(): void {
    query.dismiss()
    void go({ uploads: [], objects: [], open: null })
  }

  function chooseCollection(name: string): void {
    void go({ collection: name, objects: [], open: null }) // stored objects are those of their collection
  }

  function tryAgain(): void {
    void service.refresh()
    void search.retry()
  }

  /** Deletes a picture; what went wrong, if anything. */
  async function remove(picture: StoredImage): Promise<Problem | null> {
    const problem = await deleted.take({ collection: collection.value, imageId: picture.image_id, name: picture.file_name })
    if (!problem && state.value.open === picture.image_id) opened.close()
    return problem
  }

  return { url, state, service, collection, settled, here, query, wanted, search, conditions, deleted, hits, opened, ranked, coming, hasPicture, look, anew, change, dropPictures, chooseCollection, tryAgain, remove }
}

export type Page = ReturnType<typeof usePage>
