/** WGS 84 degrees. */
export interface Place {
  lat: number
  lon: number
}

/** How far around a place other pictures of it are looked for. */
export const AROUND_KM = 5

/** Degrees with four places: about eleven metres. */
export function placeText({ lat, lon }: Place): string {
  const side = (value: number, plus: string, minus: string) => `${Math.abs(value).toFixed(4)}° ${value < 0 ? minus : plus}`
  return `${side(lat, 'N', 'S')}, ${side(lon, 'E', 'W')}`
}

/** Where a map shows it; followed only when a person asks. */
export function mapLink({ lat, lon }: Place): string {
  return `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=15/${lat}/${lon}`
}
