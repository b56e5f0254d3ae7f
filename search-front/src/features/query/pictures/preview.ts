const MAX_SIDE = 960 // pixels of the longer side, small enough to store

function load(src: string): Promise<HTMLImageElement | null> {
  return new Promise((resolve) => {
    const element = new Image()
    element.onload = () => resolve(element)
    element.onerror = () => resolve(null) // a type this browser does not show
    element.src = src
  })
}

/**
 * A kept copy of a picture as a data address, upright as the browser shows it; "" when the browser cannot show it.
 *
 * Pictures from other hosts stay where they are, because a canvas must not read them.
 */
export async function previewOf(src: string, foreign: boolean): Promise<string> {
  if (foreign) return src
  const element = await load(src)
  if (!element) return ''
  const scale = Math.min(1, MAX_SIDE / Math.max(element.naturalWidth, element.naturalHeight))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(element.naturalWidth * scale))
  canvas.height = Math.max(1, Math.round(element.naturalHeight * scale))
  const context = canvas.getContext('2d')
  if (!context) return src
  context.drawImage(element, 0, 0, canvas.width, canvas.height)
  URL.revokeObjectURL(src)
  return canvas.toDataURL('image/jpeg', 0.85)
}
