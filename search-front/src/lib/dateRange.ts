/** Ranges of whole days, from the times in the address, in the words and in answers of the service. */

const DAYS_IN = (year: number, month: number) => new Date(Date.UTC(year, month, 0)).getUTCDate()

/** The first day of a year, month, day or moment: 2023, 2023-07, 2023-07-04, 2023-07-04T10:00:00Z. */
export function firstDay(text: string): string {
  return text.length === 4 ? `${text}-01-01` : text.length === 7 ? `${text}-01` : text.slice(0, 10)
}

export function lastDay(text: string): string {
  if (text.length === 4) return `${text}-12-31`
  return text.length === 7 ? `${text}-${DAYS_IN(Number(text.slice(0, 4)), Number(text.slice(5)))}` : text.slice(0, 10)
}

/** The largest unit that the days from `first` to `last` fill: whole years, whole months, or days. */
export function unitOf(first: string | undefined, last: string | undefined): 'year' | 'month' | 'day' {
  const starts = (unit: string) => !first || first.endsWith(unit)
  const whole = !last || lastDay(last.slice(0, 7)) === last
  if (starts('-01-01') && (!last || last.endsWith('-12-31'))) return 'year'
  return starts('-01') && whole ? 'month' : 'day'
}
