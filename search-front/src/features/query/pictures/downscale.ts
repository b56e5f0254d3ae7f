import type { Size } from '@/lib/geometry'

/** Pixels of the longer side that are sent: every encoder sees less, and a phone's photo becomes a tenth of its bytes. */
export const MAX_SIDE = 2048
const QUALITY = 0.9

/** The size a picture is sent at. */
export function downscaledSize({ width, height }: Size): Size {
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height))
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

/**
 * A large photo made smaller before it is sent, upright; anything else, and what this browser cannot read, as it is.
 *
 * Boxes are in the pixels of the smaller picture, as the service sees no other.
 */
export async function downscale(file: File): Promise<File> {
  if (!file.type.startsWith('image/')) return file
  let bitmap: ImageBitmap
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' })
  } catch {
    return file // a type that only the service reads
  }
  try {
    const size = downscaledSize(bitmap)
    if (size.width === bitmap.width && size.height === bitmap.height) return file
    const canvas = new OffscreenCanvas(size.width, size.height)
    const context = canvas.getContext('2d')
    if (!context) return file
    context.fillStyle = '#fff' // JPEG has no transparency
    context.fillRect(0, 0, size.width, size.height)
    context.imageSmoothingQuality = 'high'
    context.drawImage(bitmap, 0, 0, size.width, size.height)
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY })
    return new File([blob], `${file.name.replace(/\.[^.]+$/, '')}.jpg`, { type: 'image/jpeg' })
  } finally {
    bitmap.close()
  }
}
