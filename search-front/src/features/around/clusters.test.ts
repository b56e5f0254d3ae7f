import { describe, expect, it } from 'vitest'
import { clustersOf, clusterWithin, type Cell } from './clusters'

const cell = (lon: number, lat: number, count: number): Cell => ({ box: [lon - 0.5, lat - 0.5, lon + 0.5, lat + 0.5], count })
const cells = [cell(116, 39, 9), cell(2, 48, 4), cell(117, 40, 2), cell(115, 38, 1)]

describe('places on the map', () => {
  it('are one where they would lie on one another', () => {
    const [china, paris, ...more] = clustersOf(cells, 3)
    expect(china).toMatchObject({ area: [114.5, 37.5, 117.5, 40.5], count: 12, points: [[116, 39], [117, 40], [115, 38]] })
    expect(paris).toMatchObject({ area: [1.5, 47.5, 2.5, 48.5], count: 4, points: [[2, 48]] })
    expect(more).toEqual([])
  })

  it('are themselves where there is room', () => {
    expect(clustersOf(cells, 0.9).map(({ count }) => count)).toEqual([9, 4, 2, 1])
  })

  it('count all pictures of their area', () => {
    const [cluster] = clustersOf([cell(0, 0, 5), cell(2, 2, 3), cell(2.9, 0, 1), cell(1, 1, 1)], 2.5)
    expect(cluster!.count).toBe(9) // what lies between those that were put together is of the area too
  })

  it('are those of a part of the map that is seen', () => {
    expect(clusterWithin(cells, [100, 30, 116.4, 50])).toMatchObject({ area: [114.5, 37.5, 116.5, 39.5], count: 10 })
    expect(clusterWithin(cells, [0, 0, 1, 1])).toBeNull()
  })
})
