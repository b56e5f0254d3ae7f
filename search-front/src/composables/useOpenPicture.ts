import { computed, type Ref } from 'vue'
import type { Hit } from '@/api/types'
import type { UrlState } from './useUrlState'

/** Which picture of the results is open, as one step of history however many a person turns through. */
export function useOpenPicture(url: UrlState, hits: Ref<readonly Hit[]>) {
  let steppedIn = false

  function open(imageId: string, turning = false): void {
    steppedIn ||= !turning
    void url.go({ open: imageId }, { replace: turning })
  }

  function close(): void {
    if (steppedIn) history.back()
    else void url.go({ open: null }, { replace: true })
    steppedIn = false
  }

  const at = computed(() => hits.value.findIndex((hit) => hit.image_id === url.state.value.open))
  const hit = computed(() => hits.value[at.value] ?? null)
  const beside = (step: number) => (at.value < 0 ? null : (hits.value[at.value + step]?.image_id ?? null))
  const previous = computed(() => beside(-1))
  const next = computed(() => beside(1))

  return { open, close, at, hit, previous, next }
}
