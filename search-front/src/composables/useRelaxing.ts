import { computed, type Ref } from 'vue'
import type { Answer } from '@/api/types'
import { without } from '@/conditions'
import type { useConditionNames } from './useConditionNames'
import type { PageState } from './useUrlState'
import { useWords } from './useWords'

/** One thing that stands in the way of an answer, and the step that takes it away. */
export interface Way {
  text: string
  patch: Partial<PageState>
}

const MOST = 6 // buttons for conditions of one kind; more would be no choice

/** What could be relaxed to find more, the likeliest first. */
export function useRelaxing(state: Ref<PageState>, answer: Ref<Answer | null>, names: ReturnType<typeof useConditionNames>) {
  const { t, number } = useWords()

  return computed<Way[]>(() => {
    const { conditions, ignore, without: away } = state.value
    const dropped = answer.value?.cut?.dropped ?? 0
    const read = answer.value?.read_from_text ?? []
    const parts = read.flatMap((each) => each.all_of)
    const ways: Way[] = []
    const unread = (one: (typeof read)[number]) =>
      ways.push({ text: t('nothing.unread', { name: names.meaning(one, parts) }), patch: { ignore: [...ignore, one.key] } })
    for (const one of read) if (one.admits_nothing) unread(one)
    if (dropped > 0) ways.push({ text: t('nothing.showLess', { n: number(dropped) }, dropped), patch: { relevance: 'all' } })
    for (const one of read.slice(0, MOST)) if (!one.admits_nothing) unread(one)
    for (const one of conditions.slice(0, MOST))
      ways.push({ text: t('nothing.dropFilter', { name: names.nameOf(one) }), patch: { conditions: without(conditions, one) } })
    if (conditions.length > 1) ways.push({ text: t('nothing.dropFilters'), patch: { conditions: [] } })
    for (const word of away.slice(0, MOST))
      ways.push({ text: t('without.remove', { word }), patch: { without: away.filter((each) => each !== word) } })
    return ways
  })
}
