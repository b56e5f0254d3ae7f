import { computed, type Ref } from 'vue'
import type { Answer, ReadCondition } from '@/api/types'
import type { useConditionNames } from '@/i18n/useConditionNames'
import { useFormatters } from '@/i18n/useFormatters'
import { withoutCondition } from '@/url/conditions'
import type { PageState } from '@/url/pageState'

/** A part of the search that may keep results out, and the step that drops it. */
export interface Relaxation {
  text: string
  patch: Partial<PageState>
}

const MAX_BUTTONS = 6 // buttons for conditions of one kind; more would be no choice

/** What could be relaxed to find more, the most promising first. */
export function useRelaxations(state: Ref<PageState>, answer: Ref<Answer | null>, names: ReturnType<typeof useConditionNames>) {
  const { t, number } = useFormatters()

  return computed<Relaxation[]>(() => {
    const { conditions, ignore, without: excluded, like, unlike } = state.value
    const dropped = answer.value?.cut?.dropped ?? 0
    const read = answer.value?.read_from_text ?? []
    const parts = read.flatMap(({ all_of }) => all_of)
    const relaxations: Relaxation[] = []
    const addUnread = (condition: ReadCondition) =>
      relaxations.push({ text: t('nothing.unread', { name: names.meaning(condition, parts) }), patch: { ignore: [...ignore, condition.key] } })
    for (const condition of read) if (condition.admits_nothing) addUnread(condition)
    if (dropped > 0) relaxations.push({ text: t('nothing.showLess', { n: number(dropped) }, dropped), patch: { relevance: 'all' } })
    for (const condition of read.slice(0, MAX_BUTTONS)) if (!condition.admits_nothing) addUnread(condition)
    for (const condition of conditions.slice(0, MAX_BUTTONS))
      relaxations.push({ text: t('nothing.dropFilter', { name: names.nameOf(condition) }), patch: { conditions: withoutCondition(conditions, condition) } })
    if (conditions.length > 1) relaxations.push({ text: t('nothing.dropFilters'), patch: { conditions: [] } })
    if (like.length + unlike.length > 0) relaxations.push({ text: t('refine.clear'), patch: { like: [], unlike: [] } })
    for (const word of excluded.slice(0, MAX_BUTTONS))
      relaxations.push({ text: t('without.remove', { word }), patch: { without: excluded.filter((other) => other !== word) } })
    return relaxations
  })
}
