export interface Piece {
  text: string
  hit: boolean
}

/** A text cut where its spans begin and end; spans count Unicode code points, in order, the end exclusive. */
export function pieces(text: string, spans: readonly (readonly [number, number])[]): Piece[] {
  const points = [...text]
  const cut: Piece[] = []
  let at = 0
  const put = (end: number, hit: boolean) => {
    if (end > at) cut.push({ text: points.slice(at, end).join(''), hit })
    at = Math.max(at, end)
  }
  for (const [start, end] of spans) {
    put(Math.min(start, points.length), false)
    put(Math.min(end, points.length), true)
  }
  put(points.length, false)
  return cut
}
