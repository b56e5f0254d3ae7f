/** Outlines of land and borders as world-atlas has them (TopoJSON), drawn on a map of 360 by 180 degrees. */

/** The parts of TopoJSON that are read: shared lines, each in steps of a grid, and countries made of them. */
export interface Topology {
  transform: { scale: number[]; translate: number[] }
  arcs: number[][][]
  objects: { countries: { geometries: Geometry[] } }
}

interface Geometry {
  type: string
  id?: string
  arcs?: number[][] | number[][][]
}

type Point = [lon: number, lat: number]
type Polygon = Point[][]

export interface Country {
  /** ISO 3166 as three digits; "" where it has none. */
  id: string
  polygons: Polygon[]
}

/** A line of the topology in degrees; a negative index is the same line from its end. */
function lineOf({ transform, arcs }: Topology, index: number): Point[] {
  const [[sx, sy], [tx, ty]] = [transform.scale, transform.translate] as [Point, Point]
  let [x, y] = [0, 0]
  const line = arcs[index < 0 ? ~index : index]!.map(([dx, dy]): Point => {
    x += dx!
    y += dy!
    return [x * sx + tx, y * sy + ty]
  })
  return index < 0 ? line.reverse() : line
}

/** A ring whose longitudes go on beyond 180 degrees where it crosses the date line; one around a pole is closed there. */
function unwrapped(ring: readonly Point[]): Point[] {
  let turns = 0
  const points = ring.map(([lon, lat], i): Point => {
    const step = i > 0 ? lon - ring[i - 1]![0] : 0
    if (Math.abs(step) > 180) turns -= Math.sign(step)
    return [lon + 360 * turns, lat]
  })
  if (turns === 0) return points
  const pole = points[0]![1] < 0 ? -90 : 90
  return [...points, [points.at(-1)![0], pole], [points[0]![0], pole]]
}

export function countriesOf(topology: Topology): Country[] {
  const ring = (indices: number[]) => unwrapped(indices.flatMap((index, i) => lineOf(topology, index).slice(i > 0 ? 1 : 0)))
  return topology.objects.countries.geometries.map(({ type, id, arcs }) => {
    const polygons = type === 'Polygon' ? [arcs as number[][]] : type === 'MultiPolygon' ? (arcs as number[][][]) : []
    return { id: id ?? '', polygons: polygons.map((rings) => rings.map(ring)) }
  })
}

/** By how much a ring is moved so that each part of it is seen once: what crosses the date line is at both sides. */
function turnsOf(ring: readonly Point[]): number[] {
  const beyond = (east: boolean) => ring.some(([lon]) => (east ? lon > 180 : lon < -180))
  return [0, ...(beyond(true) ? [-360] : []), ...(beyond(false) ? [360] : [])]
}

/** All outlines as one path of SVG, in degrees from the upper left corner of the map. */
export function pathOf(countries: readonly Country[]): string {
  const line = (points: Point[], turn: number) => `M${points.map(([lon, lat]) => `${(lon + turn + 180).toFixed(2)} ${(90 - lat).toFixed(2)}`).join('L')}Z`
  const ring = (points: Point[]) => turnsOf(points).map((turn) => line(points, turn)).join('')
  return countries.flatMap(({ polygons }) => polygons.flatMap((polygon) => polygon.map(ring))).join('')
}

/** Whether a ring goes around a place: a line from it to the west crosses the ring an odd number of times. */
function surrounds(ring: readonly Point[], [lon, lat]: Point): boolean {
  let inside = false
  for (const [i, [x1, y1]] of ring.entries()) {
    const [x2, y2] = ring[(i || ring.length) - 1]!
    if (y1 > lat !== y2 > lat && lon > x1 + ((x2 - x1) * (lat - y1)) / (y2 - y1)) inside = !inside
  }
  return inside
}

/** The country of a place, as three digits of ISO 3166; "" at sea and where it is not known. */
export function countryAt(countries: readonly Country[], place: Point): string {
  const encloses = (ring: Point[]) => turnsOf(ring).some((turn) => surrounds(ring, [place[0] - turn, place[1]]))
  const within = (polygon: Polygon) => polygon.reduce((inside, ring) => inside !== encloses(ring), false) // later rings are holes
  return countries.find(({ polygons }) => polygons.some(within))?.id ?? ''
}

/** What a country is called; "" where the browser knows no name. The digits are an alias of its letters. */
export function countryName(id: string, language: string): string {
  if (!/^\d{3}$/.test(id)) return ''
  const { region } = new Intl.Locale(`und-${id}`)
  const name = region ? new Intl.DisplayNames([language], { type: 'region', fallback: 'none' }).of(region) : ''
  return name ?? ''
}
