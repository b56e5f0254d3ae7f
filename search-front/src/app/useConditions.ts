import { computed, nextTick, ref, type Ref } from 'vue'
import type { Answer, FacetCount } from '@/api/types'
import { useRelaxations } from '@/features/results/useRelaxations'
import { useConditionNames } from '@/i18n/useConditionNames'
import type { PageState } from '@/url/pageState'

/** What narrows the answer, and what the answer says of it. */
export function useConditions(state: Ref<PageState>, answer: Ref<Answer | null>, labels: Ref<readonly FacetCount[]>) {
  const filtersOpen = ref(false)
  const names = useConditionNames(labels)
  const relaxations = useRelaxations(state, answer, names)
  const readFromText = computed(() => answer.value?.read_from_text ?? [])
  /** What each box colour stands for, by index of its part. */
  const partNames = computed(() => readFromText.value.flatMap(({ all_of }) => all_of.map((part) => part.text)))
  const wordsLeft = computed(() => (readFromText.value.length > 0 ? (answer.value?.words_left ?? null) : null))
  const cutAt = computed(() => answer.value?.cut?.relevance ?? null)
  /** Images left out as less relevant than asked. */
  const dropped = computed(() => answer.value?.cut?.dropped ?? 0)

  function toggleFilters(): void {
    filtersOpen.value = !filtersOpen.value
  }

  /** Closes the filters; the button that opened them has the focus again. */
  async function closeFilters(): Promise<void> {
    filtersOpen.value = false
    await nextTick()
    document.querySelector<HTMLElement>('[data-testid=filters]')?.focus()
  }

  return { filtersOpen, names, relaxations, readFromText, partNames, wordsLeft, cutAt, dropped, closeFilters, toggleFilters }
}
