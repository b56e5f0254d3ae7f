import { computed, ref, watch, type Ref } from 'vue'
import type { Hit } from '@/api/types'
import { picturesOf } from '@/lib/hits'
import { cameFrom } from '@/url/useHistoryState'
import type { UrlState } from '@/url/useUrlState'

/** Results after those that are loaded. */
export interface FurtherResults {
  hasMore: Ref<boolean>
  /** Brings the next of them; false when they did not come. */
  more: () => Promise<boolean>
}

/** Which picture of the results is open, as one step of history however many a person turns through. */
export function useOpenPicture(url: UrlState, results: Ref<readonly Hit[]>, further: FurtherResults) {
  const hits = computed(() => picturesOf(results.value)) // of several objects of a picture, one stands for it
  const shown = computed(() => url.state.value.open)
  const index = computed(() => hits.value.findIndex((hit) => hit.image_id === shown.value))
  const hit = computed(() => hits.value[index.value] ?? null)
  const neighbour = (step: number) => (index.value < 0 ? null : (hits.value[index.value + step]?.image_id ?? null))
  const first = computed(() => neighbour(-1) === null)
  /** Which of the results it is, from 1 on; null where it is none of them. */
  const place = computed(() => (index.value < 0 ? null : index.value + 1))
  const last = computed(() => index.value < 0 || (neighbour(1) === null && !further.hasMore.value))
  /** Whether more results are waited for, and whether a person wanted to go beyond the last. */
  const waiting = ref(false)
  const ended = ref(false)
  watch(shown, () => (ended.value = false))

  function open(imageId: string): void {
    void url.go({ open: imageId })
  }

  function close(): void {
    if (cameFrom(url.href({ open: null }))) history.back()
    else void url.go({ open: null }, { replace: true })
  }

  /** To the picture beside this one; behind the last that is there, more are asked for. */
  async function turn(step: -1 | 1): Promise<void> {
    const from = shown.value
    if (waiting.value || index.value < 0) return
    waiting.value = true
    while (step > 0 && neighbour(1) === null && further.hasMore.value && (await further.more()));
    waiting.value = false
    const to = neighbour(step)
    if (shown.value !== from) return
    if (to) void url.go({ open: to }, { replace: true })
    else ended.value = step > 0 && last.value
  }

  return { open, close, turn, hit, place, first, last, waiting, ended }
}

export type OpenPicture = ReturnType<typeof useOpenPicture>
