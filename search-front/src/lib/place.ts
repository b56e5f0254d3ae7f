/** WGS 84 degrees. */
export interface Place {
  lat: number
  lon: number
}

/** West, south, east and north of a part of the map, in degrees. */
export type Area = [west: number, south: number, east: number, north: number]

/** How far around a place other pictures of it are looked for. */
export const AROUND_KM = 5

const withSide = (value: number, plus: string, minus: string, digits: number) => `${Math.abs(value).toFixed(digits)}° ${value < 0 ? minus : plus}`

/** The sides of an area, with as many places as tell them apart. */
export function areaText([west, south, east, north]: Area): string {
  const digits = Math.min(4, Math.max(0, Math.ceil(-Math.log10(Math.min(east - west, north - south)) + 0.3)))
  const lat = (value: number) => withSide(value, 'N', 'S', digits)
  const lon = (value: number) => withSide(value, 'E', 'W', digits)
  return `${lat(south)} – ${lat(north)}, ${lon(west)} – ${lon(east)}`
}

/** Degrees with four places: about eleven metres. */
export function placeText({ lat, lon }: Place): string {
  return `${withSide(lat, 'N', 'S', 4)}, ${withSide(lon, 'E', 'W', 4)}`
}

/** Where a map shows it; followed only when a person asks. */
export function mapLink({ lat, lon }: Place): string {
  return `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=15/${lat}/${lon}`
}
