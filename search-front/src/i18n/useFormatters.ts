import { useI18n } from 'vue-i18n'
import type { Limits, Problem } from '@/api/problem'
import type { LabelNames } from '@/api/types'

const MEBI = 1024 * 1024

/** The wall clock of where it was said. */
const zoneless = (iso: string) => new Date(iso.replace(/(Z|[+-]\d\d:?\d\d)$/, ''))

/** Names, numbers and problems in the language of the page. */
export function useFormatters() {
  const { t, te, locale } = useI18n()

  /** A detector's class by the service's names of it in this language, else by its id. */
  function labelName(label: string, names?: LabelNames | null): string {
    return names?.[locale.value === 'zh-CN' ? 'zh' : 'en'] || label || t('object.unnamed')
  }

  function objectName(object: { label: string; kind?: string; label_name?: LabelNames | null }): string {
    return object.kind === 'frame' ? t('object.whole') : labelName(object.label, object.label_name)
  }

  /** What a collection sees with, and what that is good for: of the packs that come with Boxlens in this language. */
  function aboutPack(collection: { pack: string; about_pack: string }): string {
    const key = `packs.${collection.pack}`
    return te(key) ? t(key) : collection.about_pack || t('service.pack', { pack: collection.pack })
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

  /** A day and its time, as written where the picture was taken. */
  function moment(iso: string): string {
    return new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'short' }).format(zoneless(iso))
  }

  /** The day alone. */
  function date(iso: string): string {
    return new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium' }).format(zoneless(iso))
  }

  function day(iso: string): string {
    return new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso))
  }

  /** The most that is taken, such as "At most 20 MB, 64 megapixels." */
  function most({ bytes: size, pixels, characters, items }: Limits): string {
    const parts = [
      size && (size < MEBI ? bytes(size) : t('limit.bytes', { n: number(Math.floor(size / MEBI)) })),
      pixels && t('limit.pixels', { n: number(pixels / (locale.value === 'en' ? 1e6 : 1e4)) }),
      characters && t('limit.characters', { n: number(characters) }),
      items && number(items),
    ]
    return t('limit.most', { what: parts.filter(Boolean).join(t('limit.and')) })
  }

  /** What happened and what to do, by the problem's code. */
  function explain(problem: Problem): { what: string; todo: string } {
    const code = te(`problem.${problem.code}.what`) ? problem.code : 'internal'
    const todo = t(`problem.${code}.todo`)
    return { what: t(`problem.${code}.what`), todo: Object.keys(problem.limits).length > 0 ? `${todo}${t('limit.after')}${most(problem.limits)}` : todo }
  }

  return { t, te, locale, labelName, objectName, number, percent, bytes, moment, date, day, explain, most, aboutPack }
}
