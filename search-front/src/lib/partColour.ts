/** Colours of the boxes of a query for several things; there are as many as the service takes parts. */
const COLOURS = 8

/** The class that colours what stands for a part; none where a box stands for no part. */
export function partColour(part: number | null | undefined): string {
  return part === null || part === undefined ? '' : `part part-${part % COLOURS}`
}
