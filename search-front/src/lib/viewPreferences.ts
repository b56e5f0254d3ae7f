import { useStorage } from '@vueuse/core'

export const TILE_SIZES = ['small', 'medium', 'large'] as const
export type TileSize = (typeof TILE_SIZES)[number]

/** Height a row of tiles aims at, in CSS pixels, on a phone and on a desk. */
const ROW_HEIGHTS: Record<TileSize, { narrow: number; wide: number }> = {
  small: { narrow: 112, wide: 160 },
  medium: { narrow: 168, wide: 232 },
  large: { narrow: 300, wide: 360 },
}
const WIDE = 600 // CSS pixels of the grid

export const rowHeight = (size: TileSize, width: number): number => ROW_HEIGHTS[size]?.[width < WIDE ? 'narrow' : 'wide'] ?? ROW_HEIGHTS.medium.wide

const preferences = useStorage<{ tiles: TileSize; boxes: boolean }>('boxlens.view', { tiles: 'medium', boxes: true }, undefined, { mergeDefaults: true })

/** How a person likes results shown: kept by this browser, the same on the whole page. */
export const useViewPreferences = () => preferences
