import { expect, it } from 'vitest'
import { areaText, mapLink, placeText } from './place'

it('writes a place', () => {
  expect(placeText({ lat: 48.85837, lon: -2.29448 })).toBe('48.8584° N, 2.2945° W')
  expect(mapLink({ lat: -1, lon: 2 })).toContain('mlat=-1&mlon=2')
})

it('writes an area with as many places as tell its sides apart', () => {
  expect(areaText([-5, 40, 20, 50])).toBe('40° N – 50° N, 5° W – 20° E')
  expect(areaText([116.3672, 39.7742, 116.7188, 40.044])).toBe('39.8° N – 40.0° N, 116.4° E – 116.7° E')
})
