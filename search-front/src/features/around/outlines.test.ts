import { expect, it } from 'vitest'
import atlas from 'world-atlas/countries-110m.json'
import { countriesOf, countryAt, countryName, pathOf, type Topology } from './outlines'

const countries = countriesOf(atlas as unknown as Topology)

it.each([
  [116.4, 39.9, 'China', '中国'],
  [2.35, 48.86, 'France', '法国'],
  [-74.0, 41.5, 'United States', '美国'],
  [-173, 66.5, 'Russia', '俄罗斯'], // beyond the date line
  [100, 66, 'Russia', '俄罗斯'],
  [0, -85, 'Antarctica', '南极洲'],
  [28.2, -29.5, 'Lesotho', '莱索托'], // within a hole of another
  [-30, 30, '', ''],
])('says in which country %d, %d lies', (lon, lat, english, chinese) => {
  const id = countryAt(countries, [lon, lat])
  expect(countryName(id, 'en')).toBe(english)
  expect(countryName(id, 'zh-CN')).toBe(chinese)
})

it('draws no line across the map', () => {
  for (const ring of pathOf(countries).split('M').slice(1)) {
    const points = ring.replace('Z', '').split('L').map((point) => point.split(' ').map(Number))
    const steps = points.slice(1).map(([x, y], i) => (y! < 179.99 ? Math.abs(x! - points[i]![0]!) : 0))
    expect(Math.max(...steps)).toBeLessThan(60)
  }
})

it('names no country by what is no number', () => {
  expect(countryName('', 'en')).toBe('')
  expect(countryName('-99', 'en')).toBe('')
})
