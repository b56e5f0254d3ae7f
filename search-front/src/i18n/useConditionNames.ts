import type { Ref } from 'vue'
import type { FacetCount, ReadCondition } from '@/api/types'
import { firstDay, lastDay, unitOf } from '@/lib/dateRange'
import { areaText, placeText } from '@/lib/place'
import { parseBounds, parseCount, parseInside, parseNear, parseTime, type Bounds, type Condition } from '@/url/conditions'
import { measureWord } from './measureWord'
import { useFormatters } from './useFormatters'

type ReadPart = ReadCondition['all_of'][number]

/** The names of conditions, chosen or read from the words, in the language of the page. */
export function useConditionNames(labels: Ref<readonly FacetCount[]>) {
  const { t, te, locale, labelName, number, percent } = useFormatters()

  /** The name of a label by the service, else the label itself. */
  function nameOfLabel(label: string): string {
    return labelName(label, labels.value.find(({ value }) => value === label)?.name)
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
    const counted = (n: number) => (locale.value === 'zh-CN' ? `${n} ${measureWord(name)}` : `${n}`)
    if (gte === lte) return t('read.exactly', { name, n: counted(gte ?? 0) })
    if (gte !== undefined && lte !== undefined) return t('read.between', { name, low: gte, high: counted(lte) })
    return gte !== undefined ? t('read.atLeast', { name, n: counted(gte) }) : t('read.atMost', { name, n: counted(lte ?? 0) })
  }

  /** The words on the chip of one condition. */
  function nameOf({ field, value }: Condition): string {
    switch (field) {
      case 'label':
        return nameOfLabel(value)
      case 'tag':
        return `#${value}`
      case 'album':
        return t('filters.albumIs', { name: value })
      case 'colour':
        return te(`colour.${value}`) ? t(`colour.${value}`) : value
      case 'format':
        return value.toUpperCase()
      case 'position':
        return te(`position.${value}`) ? t(`position.${value}`) : value
      case 'text':
        return t('filters.says', { text: value })
      case 'taken':
        return nameOfTime(parseTime(value)!)
      case 'area':
        return t('filters.areaIs', { share: bareName({ field, value }) })
      case 'score':
        return t('filters.scoreIs', { share: bareName({ field, value }) })
      case 'near': {
        const near = parseNear(value)!
        return t('filters.near', { km: number(near.km), place: placeText(near) })
      }
      case 'inside':
        return t('filters.inside', { area: areaText(parseInside(value)!) })
      case 'count': {
        const { label, bounds } = parseCount(value)!
        return howMany(nameOfLabel(label), bounds)
      }
      default:
        return value
    }
  }

  /** The same under a heading that says the field. */
  function bareName(condition: Condition): string {
    const { field, value } = condition
    if (field === 'album') return value
    return field === 'area' || field === 'score' ? nameOfShare(parseBounds(value)!) : nameOf(condition)
  }

  const partName = ({ text, count }: ReadPart): string =>
    count.min === 1 && count.max === null ? text : howMany(text, { gte: count.max === 0 ? undefined : count.min, lte: count.max ?? undefined })

  /** What a condition was read as; `parts` are all parts of the query, which relations name by index. */
  function meaning(read: ReadCondition, parts: readonly ReadPart[]): string {
    if (read.away) return t('read.not', { name: read.away.text })
    const taken = read.filter?.taken_at as { gte?: string; lte?: string } | undefined
    if (taken) return nameOfTime(taken)
    const related = new Set(read.all_of.flatMap((part) => (part.relation ? [part.relation.other] : [])))
    const clauses = read.all_of.filter((part) => part.relation || !related.has(parts.indexOf(part)))
    return clauses.map((part) => clause(part, parts)).join(t('read.and')) || read.text
  }

  function clause(part: ReadPart, parts: readonly ReadPart[]): string {
    const other = part.relation && parts[part.relation.other]
    return other ? t(`relation.${part.relation!.is}`, { a: partName(part), b: partName(other) }) : partName(part)
  }

  return { nameOf, bareName, nameOfLabel, meaning }
}
