export interface Segment {
  text: string
  hit: boolean
}

/** A text cut where its spans begin and end; spans count Unicode code points, in order, the end exclusive. */
export function highlight(text: string, spans: readonly (readonly [number, number])[]): Segment[] {
  const points = [...text]
  const segments: Segment[] = []
  let position = 0
  const append = (end: number, hit: boolean) => {
    if (end > position) segments.push({ text: points.slice(position, end).join(''), hit })
    position = Math.max(position, end)
  }
  for (const [start, end] of spans) {
    append(Math.min(start, points.length), false)
    append(Math.min(end, points.length), true)
  }
  append(points.length, false)
  return segments
}
