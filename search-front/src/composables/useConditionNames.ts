import type { Ref } from 'vue'
import type { FacetCount, ReadCondition } from '@/api/types'
import { boundsOf, countOf, nearOf, timeOf, type Bounds, type Condition } from '@/conditions'
import { firstDay, lastDay, unitOf } from '@/period'
import { placeText } from '@/place'
import { useWords } from './useWords'

type ReadPart = ReadCondition['all_of'][number]

/** What to call conditions, chosen or read from the words, in the language of the page. */
export function useConditionNames(labels: Ref<readonly FacetCount[]>) {
  const { t, te, locale, labelName, number, percent } = useWords()

  /** How the service calls a label, else how the page does. */
  function nameOfLabel(label: string): string {
    return labelName(label, labels.value.find((each) => each.value === label)?.name)
  }

  /** A stretch of time; either side may be open. */
  function nameOfTime({ gte, lte }: { gte?: string; lte?: string }): string {
    const [first, last] = [gte && firstDay(gte), lte && lastDay(lte)]
    const unit = unitOf(first, last)
    const format = new Intl.DateTimeFormat(locale.value, {
      timeZone: 'UTC',
      year: 'numeric',
      ...(unit !== 'year' && { month: 'short' }),
      ...(unit === 'day' && { day: 'numeric' }),
    })
    if (first && last) return format.formatRange(new Date(first), new Date(last))
    if (first) return t('filters.since', { day: format.format(new Date(first)) })
    return last ? t('filters.until', { day: format.format(new Date(last)) }) : ''
  }

  function nameOfShare({ gte, lte }: Bounds): string {
    if (gte !== undefined && lte !== undefined) return t('filters.between', { low: percent(gte), high: percent(lte) })
    return gte !== undefined ? t('filters.from', { n: percent(gte) }) : t('filters.to', { n: percent(lte ?? 1) })
  }

  function howMany(name: string, { gte, lte }: Bounds): string {
    if (lte === 0) return t('read.none', { name })
    if (gte === lte) return t('read.exactly', { name, n: gte ?? 0 })
    if (gte !== undefined && lte !== undefined) return t('read.between', { name, low: gte, high: lte })
    return gte !== undefined ? t('read.atLeast', { name, n: gte }) : t('read.atMost', { name, n: lte ?? 0 })
  }

  /** The words on the chip of one condition. */
  function nameOf({ field, value }: Condition): string {
    switch (field) {
      case 'label':
        return nameOfLabel(value)
      case 'tag':
        return `#${value}`
      case 'colour':
        return te(`colour.${value}`) ? t(`colour.${value}`) : value
      case 'format':
        return value.toUpperCase()
      case 'position':
        return te(`position.${value}`) ? t(`position.${value}`) : value
      case 'text':
        return t('filters.says', { text: value })
      case 'taken':
        return nameOfTime(timeOf(value)!)
      case 'area':
        return t('filters.areaIs', { share: bareName({ field, value }) })
      case 'score':
        return t('filters.scoreIs', { share: bareName({ field, value }) })
      case 'near': {
        const near = nearOf(value)!
        return t('filters.near', { km: number(near.km), place: placeText(near) })
      }
      case 'count': {
        const { label, bounds } = countOf(value)!
        return howMany(nameOfLabel(label), bounds)
      }
      default:
        return value
    }
  }

  /** The same under a heading that says the field. */
  function bareName(condition: Condition): string {
    const { field, value } = condition
    return field === 'area' || field === 'score' ? nameOfShare(boundsOf(value)!) : nameOf(condition)
  }

  const partName = ({ text, count }: ReadPart): string =>
    count.min === 1 && count.max === null ? text : howMany(text, { gte: count.max === 0 ? undefined : count.min, lte: count.max ?? undefined })

  /** What a condition was read as; `parts` are all parts of the query, which relations name by index. */
  function meaning(read: ReadCondition, parts: readonly ReadPart[]): string {
    if (read.away) return t('read.not', { name: read.away.text })
    const taken = read.filter?.taken_at as { gte?: string; lte?: string } | undefined
    if (taken) return nameOfTime(taken)
    const named = new Set(read.all_of.flatMap((part) => (part.relation ? [part.relation.other] : [])))
    const said = read.all_of.filter((part) => part.relation || !named.has(parts.indexOf(part)))
    return said.map((part) => clause(part, parts)).join(t('read.and')) || read.text
  }

  function clause(part: ReadPart, parts: readonly ReadPart[]): string {
    const other = part.relation && parts[part.relation.other]
    return other ? t(`relation.${part.relation!.is}`, { a: partName(part), b: partName(other) }) : partName(part)
  }

  return { nameOf, bareName, nameOfLabel, meaning }
}
