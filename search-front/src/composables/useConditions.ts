import { computed, nextTick, ref, type Ref } from 'vue'
import type { Answer, FacetCount } from '@/api/types'
import { useConditionNames } from './useConditionNames'
import { useRelaxing } from './useRelaxing'
import type { PageState } from './useUrlState'

/** What narrows the answer, and what the answer says of it. */
export function useConditions(state: Ref<PageState>, answer: Ref<Answer | null>, labels: Ref<readonly FacetCount[]>) {
  const filtering = ref(false)
  const names = useConditionNames(labels)
  const ways = useRelaxing(state, answer, names)
  const read = computed(() => answer.value?.read_from_text ?? [])
  /** What each box colour stands for, by index of its part. */
  const partNames = computed(() => read.value.flatMap((each) => each.all_of.map((part) => part.text)))
  const left = computed(() => (read.value.length > 0 ? (answer.value?.words_left ?? null) : null))
  const cutAt = computed(() => answer.value?.cut?.relevance ?? null)

  /** Closes the filters; the button that opened them has the focus again. */
  async function close(): Promise<void> {
    filtering.value = false
    await nextTick()
    document.querySelector<HTMLElement>('[data-testid=filters]')?.focus()
  }

  const dropped = computed(() => answer.value?.cut?.dropped ?? 0)
  return { filtering, names, ways, read, partNames, left, cutAt, dropped, close, toggle: () => void (filtering.value = !filtering.value) }
}
