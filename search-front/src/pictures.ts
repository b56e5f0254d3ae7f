interface Stored {
  thumbnail_url: string | null
  image_url: string | null
  width: number
}

/** The thumbnail at its own width and the picture at its own, for the browser to choose by the tile and the screen. */
export function sourceSet(picture: Stored): string | undefined {
  const { thumbnail_url: small, image_url: full, width } = picture
  const wide = small ? Number(new URL(small, location.href).searchParams.get('w')) : 0
  if (!small || !full || !wide || wide >= width) return undefined
  return `${small} ${wide}w, ${full} ${width}w`
}
