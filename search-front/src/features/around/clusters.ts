/** Cells of the map with pictures, put together where they would lie on one another on the screen. */
import type { Spread } from '@/api/types'
import type { Area } from '@/lib/place'

export type Cell = Spread['cells'][number]

export interface Cluster {
  /** All of its cells; as cells lie on one grid, its pictures are those of the cells within. */
  area: Area
  count: number
  /** The middles of its cells in degrees, the fullest first. */
  points: Point[]
}

type Point = [lon: number, lat: number]

const centre = ({ box: [west, south, east, north] }: Cell): Point => [(west! + east!) / 2, (south! + north!) / 2]

const join = ([w1, s1, e1, n1]: Area, [w2, s2, e2, n2]: Area): Area => [Math.min(w1, w2), Math.min(s1, s2), Math.max(e1, e2), Math.max(n1, n2)]

/** The pictures of some cells, and of all others that lie in the area which these span. */
function clusterOf(seeds: readonly Cell[], cells: readonly Cell[]): Cluster {
  const area = seeds.map(({ box }) => box as Area).reduce(join)
  const [west, south, east, north] = area
  const inside = cells.filter((cell) => {
    const [lon, lat] = centre(cell)
    return west < lon && lon < east && south < lat && lat < north
  })
  const points = inside.toSorted((a, b) => b.count - a.count).map(centre)
  return { area, count: inside.reduce((sum, cell) => sum + cell.count, 0), points }
}

/** The cells, the fullest first, each with those nearer to it than `degrees`. */
export function clustersOf(cells: readonly Cell[], degrees: number): Cluster[] {
  const groups: { at: Point; cells: Cell[] }[] = []
  for (const cell of cells) {
    const [lon, lat] = centre(cell)
    const group = groups.find(({ at }) => Math.abs(at[0] - lon) < degrees && Math.abs(at[1] - lat) < degrees)
    if (group) group.cells.push(cell)
    else groups.push({ at: [lon, lat], cells: [cell] })
  }
  return groups.map((group) => clusterOf(group.cells, cells)).toSorted((a, b) => b.count - a.count)
}

/** What lies in a part of the map; null where nothing does. */
export function clusterWithin(cells: readonly Cell[], [west, south, east, north]: Area): Cluster | null {
  const seen = cells.filter((cell) => {
    const [lon, lat] = centre(cell)
    return west <= lon && lon <= east && south <= lat && lat <= north
  })
  return seen.length > 0 ? clusterOf(seen, cells) : null
}
