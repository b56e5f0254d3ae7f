import { computed, watch } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { markHit } from '@/api/client'
import type { Problem } from '@/api/problem'
import type { StoredImage, Total } from '@/api/types'
import { useQueryPictures } from '@/features/query/pictures/useQueryPictures'
import { showCorrected, useSearch, type CollectionSearch } from '@/features/results/useSearch'
import { MAX_SELECTED, useSelection } from '@/features/selecting/useSelection'
import { useService } from '@/features/status/useService'
import { useDeletion } from '@/features/viewer/deletion/useDeletion'
import { useOpenPicture } from '@/features/viewer/useOpenPicture'
import { DEFAULT_REFINEMENT, type PageState } from '@/url/pageState'
import { withMark, type MarkKind } from '@/url/marks'
import { imageOf } from '@/url/places'
import { toClauses, toSearchRequest } from '@/url/searchRequest'
import { useHistoryState } from '@/url/useHistoryState'
import { useUrlState } from '@/url/useUrlState'
import { useConditions } from './useConditions'

/** All that the page shows, as it follows from the address, and the steps a person takes to another address. */
export function usePage() {
  const url = useUrlState()
  const { state, go } = url
  const client = useQueryClient()

  const service = useService(computed(() => state.value.collection))
  const { collection } = service
  /** Whether it is certain which collection is meant. */
  const collectionReady = computed(() => state.value.collection !== null || service.loaded.value)
  /** The collection as the service lists it. */
  const listed = computed(() => service.collections.value.find(({ name }) => name === collection.value) ?? null)

  const query = useQueryPictures(url, collection, collectionReady)
  const request = computed<CollectionSearch | null>(() => {
    const body = toSearchRequest(state.value)
    return collectionReady.value && body ? { collection: collection.value, ...body } : null
  })
  const history = useHistoryState()
  const search = useSearch(request, undefined, history)
  const conditions = useConditions(state, search.answer, service.labels)
  const deletion = useDeletion(() => void service.refresh())
  const hits = computed(() => search.hits.value.filter((hit) => !deletion.hidden.value.has(hit.image_id)))
  const listedIds = computed(() => [...new Set(hits.value.map((hit) => hit.image_id))])
  const selection = useSelection(listedIds)
  watch(request, () => (selection.active.value = false))
  const opened = useOpenPicture(url, hits, search)
  watch([search.hits, search.phase, state], () => search.phase.value === 'done' && history.keepRead(search.hits.value.length), { flush: 'post' })

  /** Whether words or pictures rank the results, rather than conditions alone list them. */
  const ranked = computed(() => toClauses(state.value).length > 0)
  /** How much was found; where nothing narrows the answer, all that the collection has. */
  const total = computed<Total | null>(() => {
    const everything = !ranked.value && state.value.conditions.length === 0 && state.value.by === 'image'
    if (search.answer.value && everything && listed.value) return { value: listed.value.images, relation: 'eq' }
    return search.answer.value?.total ?? null
  })
  /** Something is looked for, though no search is under way yet. */
  const pending = computed(() => query.incoming.value !== null || (toSearchRequest(state.value) !== null && request.value === null))
  const hasPicture = computed(() => query.pictures.value.length > 0 || query.incoming.value !== null)

  /** Looks for words; the same words again ask again. */
  function searchWords(words: string, without: string[] = []): void {
    const excluded = [...new Set([...state.value.without, ...without])]
    const same = words === state.value.words && excluded.length === state.value.without.length
    const kept = words === state.value.words ? {} : { ignore: [], like: [], unlike: [] } // of other words they say nothing
    void go({ words, without: excluded, ...kept, open: null })
    if (same) search.retry()
  }

  /** A new query, in which nothing of the one before stays. */
  function startOver(patch: Partial<PageState>): void {
    void go({ words: '', without: [], uploads: [], objects: [], ...DEFAULT_REFINEMENT, open: null, ...patch })
  }

  /** Narrows or orders the answer in another way. */
  function refine(patch: Partial<PageState>): void {
    void go({ ...patch, open: null })
  }

  /** Says of a hit that it is right or wrong: the query goes on from there. */
  function mark(kind: MarkKind, objectId: string): void {
    void markHit(collection.value, state.value.words, imageOf(objectId), kind === 'like' ? 'right' : 'wrong')
    refine(withMark(state.value, kind, objectId))
  }

  function removePictures(): void {
    query.dismiss()
    void go({ uploads: [], objects: [], open: null })
  }

  function chooseCollection(name: string): void {
    void go({ collection: name, objects: [], like: [], unlike: [], open: null }) // stored objects are those of their collection
  }

  function retry(): void {
    void service.refresh()
    search.retry()
  }

  /** A person corrected labels or boxes of a picture: wherever it stands it is shown so. */
  function correct(picture: StoredImage): void {
    showCorrected(client, collection.value, picture)
    void service.refresh()
  }

  /** Deletes a picture; resolves to what went wrong, if anything. */
  async function deletePicture(picture: StoredImage): Promise<Problem | null> {
    const problem = await deletion.deletePictures({ collection: collection.value, imageIds: [picture.image_id], name: picture.file_name })
    if (!problem && state.value.open === picture.image_id) opened.close()
    return problem
  }

  /** Deletes those that are selected. Throws a Problem. */
  async function deleteSelected(imageIds: readonly string[]): Promise<void> {
    const problem = await deletion.deletePictures({ collection: collection.value, imageIds, name: '' })
    if (problem) throw problem
  }

  /** Brings the results that are not there yet, as many as can be selected, and selects them. Whether these are all. Throws a Problem. */
  async function selectAll(): Promise<boolean> {
    while (search.hasMore.value && listedIds.value.length < MAX_SELECTED && (await search.more()));
    if (search.moreProblem.value) throw search.moreProblem.value
    selection.all()
    return !search.hasMore.value && listedIds.value.length <= MAX_SELECTED
  }

  return {
    url,
    state,
    service,
    collection,
    collectionReady,
    listed,
    query,
    request,
    search,
    conditions,
    deletion,
    hits,
    selection,
    opened,
    ranked,
    total,
    pending,
    hasPicture,
    searchWords,
    startOver,
    refine,
    mark,
    removePictures,
    chooseCollection,
    retry,
    correct,
    deletePicture,
    deleteSelected,
    selectAll,
  }
}

export type Page = ReturnType<typeof usePage>
