import { useI18n } from 'vue-i18n'
import chineseLabels from '@/locales/labels.zh-CN.json'
import type { Problem } from '@/api/problem'

/** Names, numbers and problems in the language of the page. */
export function useWords() {
  const { t, te, locale } = useI18n()

  /** A detector's class; classes without a translation keep their id. */
  function labelName(label: string): string {
    if (label === '') return t('object.unnamed')
    return locale.value === 'zh-CN' ? ((chineseLabels as Record<string, string>)[label] ?? label) : label
  }

  function objectName(object: { label: string; kind?: string }): string {
    return object.kind === 'frame' ? t('object.whole') : labelName(object.label)
  }

  function number(value: number, digits = 0): string {
    return new Intl.NumberFormat(locale.value, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value)
  }

  function percent(value: number): string {
    return new Intl.NumberFormat(locale.value, { style: 'percent' }).format(value)
  }

  function bytes(value: number): string {
    const unit = value >= 1e6 ? 'megabyte' : 'kilobyte'
    const scaled = value >= 1e6 ? value / 1e6 : value / 1e3
    return new Intl.NumberFormat(locale.value, { style: 'unit', unit, maximumFractionDigits: 1 }).format(scaled)
  }

  /** What happened and what to do, by the problem's code. */
  function explain(problem: Problem): { what: string; todo: string } {
    const code = te(`problem.${problem.code}.what`) ? problem.code : 'internal'
    return { what: t(`problem.${code}.what`), todo: t(`problem.${code}.todo`) }
  }

  return { t, te, locale, labelName, objectName, number, percent, bytes, explain }
}
