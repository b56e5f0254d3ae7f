import { computed, shallowRef, watch, type Ref } from 'vue'
import { skipToken, useInfiniteQuery, useQueryClient, type InfiniteData, type QueryClient } from '@tanstack/vue-query'
import { search } from '@/api/client'
import type { Answer, Hit, SearchRequest, StoredImage } from '@/api/types'
import { corrected, distinctHits } from '@/lib/hits'
import type { Phase } from '@/lib/phase'

/** A search and the collection it is made in. */
export interface CollectionSearch extends SearchRequest {
  collection: string
}

/** What the history of the browser knows of a search. */
export interface SearchHistory {
  /** Whether the step under way goes back to something that was shown before. */
  returning: () => boolean
  /** How many results had been read at this step; 0 where it is new. */
  read: () => number
}

type Pages = InfiniteData<Answer, string | null>

interface Visit {
  request: CollectionSearch | null
  /** Its entry in the cache. */
  key: readonly [typeof SEARCH, number]
}

const SEARCH = 'search' // begins the keys of all searches in the cache
const PAGE_SIZE = 40
const MAX_RESTORED = 200 // results that are asked for at once where so many had been read before
const MAX_VISITS = 12 // kept for going back to

let visitCount = 0 // over all searches of the page, so that no two share an entry of the cache

/**
 * Searches whenever `request` changes; null means that nothing is looked for.
 *
 * Each change is a visit with an entry of its own in the cache. Going back shows the last visit to the same request, as
 * far as it was read, without asking; anything else is asked anew, and the hits of before stay until the answer is there.
 * An overtaken request is aborted. Without `history` nothing is kept to go back to.
 */
export function useSearch(request: Ref<CollectionSearch | null>, send: typeof search = search, history?: SearchHistory) {
  const client = useQueryClient()
  const visits: Visit[] = [] // the latest last

  function visitTo(next: CollectionSearch | null, returning: boolean): Visit {
    const text = JSON.stringify(next)
    const index = returning ? visits.findLastIndex((visit) => JSON.stringify(visit.request) === text) : -1
    const visit: Visit = visits[index] ?? { request: next, key: [SEARCH, ++visitCount] }
    if (index >= 0) visits.splice(index, 1)
    visits.push(visit)
    for (const { key } of visits.splice(0, visits.length - MAX_VISITS)) client.removeQueries({ queryKey: key })
    return visit
  }

  const current = shallowRef({ ...visitTo(request.value, false), shown: undefined as Pages | undefined })

  const query = useInfiniteQuery(() => {
    const { request: target, key, shown } = current.value
    return {
      queryKey: key,
      queryFn: target === null ? skipToken : ({ pageParam, signal }) => fetchPage(target, pageParam, signal),
      initialPageParam: null as string | null,
      getNextPageParam: (page: Answer) => page.next_cursor,
      placeholderData: () => shown, // the function is new with each visit, so the hits of another are never taken for it
      gcTime: history ? Infinity : 0,
    }
  })

  function fetchPage({ collection, ...body }: CollectionSearch, cursor: string | null, signal: AbortSignal): Promise<Answer> {
    if (cursor !== null) return send(collection, { ...body, size: PAGE_SIZE, cursor }, signal)
    const size = Math.min(Math.max(history?.read() ?? 0, PAGE_SIZE), MAX_RESTORED)
    return send(collection, { ...body, size }, signal)
  }

  const pages = computed(() => (current.value.request === null ? [] : (query.data.value?.pages ?? [])))
  const answer = computed(() => pages.value.at(-1) ?? null)
  const hits = computed(() => distinctHits(pages.value.flatMap((page) => page.hits))) // a page may repeat results of one before
  const phase = computed<Phase>(() => {
    if (current.value.request === null) return 'idle'
    if (query.data.value === undefined) return query.isError.value ? 'error' : 'loading'
    return query.isPlaceholderData.value ? 'loading' : 'done'
  })
  const problem = computed(() => (phase.value === 'error' ? query.error.value : null))

  const hasMore = computed(() => !!answer.value?.next_cursor)
  const morePhase = computed<Phase>(() => (query.isFetchingNextPage.value ? 'loading' : query.isFetchNextPageError.value ? 'error' : 'idle'))
  const moreProblem = computed(() => (morePhase.value === 'error' ? query.error.value : null))

  /** Appends the next page; whether it came. Called twice at once it brings one page. */
  async function more(): Promise<boolean> {
    if (phase.value !== 'done' || !hasMore.value) return false
    const { key } = current.value
    const result = await query.fetchNextPage({ cancelRefetch: false })
    return key === current.value.key && !result.isFetchNextPageError
  }

  function show(visit: Visit): void {
    current.value = { ...visit, shown: pages.value.length > 0 ? (query.data.value as Pages) : undefined }
  }

  watch(
    () => JSON.stringify(request.value),
    () => show(visitTo(request.value, history?.returning() ?? false)),
  )

  /** Asks for the same once more, from the first page on. */
  const retry = () => show(visitTo(request.value, false))

  return { phase, answer, hits, problem, hasMore, more, morePhase, moreProblem, retry }
}

/**
 * Shows a picture that was corrected as it is now in all that was found of its collection.
 *
 * Nothing is asked anew, so that results stay where they are.
 */
export function showCorrected(client: QueryClient, collection: string, image: StoredImage): void {
  const isIt = (hit: Hit) => hit.collection === collection && hit.image_id === image.image_id
  const asNow = (page: Answer): Answer => ({ ...page, hits: page.hits.map((hit) => (isIt(hit) ? corrected(hit, image) : hit)) })
  client.setQueriesData<Pages>({ queryKey: [SEARCH] }, (data) => data && { ...data, pages: data.pages.map(asNow) })
}
