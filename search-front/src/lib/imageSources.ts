interface ImageAddresses {
  thumbnails: Record<string, string>
  thumbnail_url: string | null
  image_url: string | null
  width: number
  format: string
}

const BROWSER_FORMATS = ['jpeg', 'png', 'webp', 'gif', 'bmp', 'avif']

/** The thumbnails by the width they truly have, for the browser to choose by the tile and the screen. */
export function sourceSet(picture: ImageAddresses): string | undefined {
  const candidates = Object.entries(picture.thumbnails).map(([width, url]) => `${url} ${Math.min(Number(width), picture.width)}w`)
  return candidates.length > 1 ? candidates.join(', ') : undefined
}

/** The picture as large as this browser can show it: some types are seen through their widest thumbnail alone. */
export function largestSource(picture: ImageAddresses): string | null {
  if (BROWSER_FORMATS.includes(picture.format)) return picture.image_url
  const widths = Object.keys(picture.thumbnails).map(Number)
  return widths.length > 0 ? picture.thumbnails[String(Math.max(...widths))]! : picture.image_url
}
