import { computed, ref, watch, type Ref } from 'vue'
import type { Hit } from '@/api/types'
import { picturesOf } from '@/hits'
import { cameFrom } from './useReturning'
import type { UrlState } from './useUrlState'

/** Results beyond those that are there. */
export interface Further {
  hasMore: Ref<boolean>
  /** Brings the next of them; false when they did not come. */
  more: () => Promise<boolean>
}

/** Which picture of the results is open, as one step of history however many a person turns through. */
export function useOpenPicture(url: UrlState, results: Ref<readonly Hit[]>, further: Further) {
  const hits = computed(() => picturesOf(results.value)) // an object after the other of one picture turns no page
  const shown = computed(() => url.state.value.open)
  const at = computed(() => hits.value.findIndex((hit) => hit.image_id === shown.value))
  const hit = computed(() => hits.value[at.value] ?? null)
  const beside = (step: number) => (at.value < 0 ? null : (hits.value[at.value + step]?.image_id ?? null))
  const first = computed(() => beside(-1) === null)
  const last = computed(() => at.value < 0 || (beside(1) === null && !further.hasMore.value))
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
    if (waiting.value || at.value < 0) return
    waiting.value = true
    while (step > 0 && beside(1) === null && further.hasMore.value && (await further.more()));
    waiting.value = false
    const to = beside(step)
    if (shown.value !== from) return
    if (to) void url.go({ open: to }, { replace: true })
    else ended.value = step > 0 && last.value
  }

  return { open, close, turn, at, hit, first, last, waiting, ended }
}

export type OpenPicture = ReturnType<typeof useOpenPicture>
