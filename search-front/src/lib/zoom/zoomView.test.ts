import { describe, expect, it } from 'vitest'
import { FITTED, clampView, fitSize, maxScale, pan, zoomAt } from './zoomView'

const stage = { width: 1000, height: 500 }
const picture = { width: 2000, height: 2000 }
const fit = fitSize(picture, stage)

describe('a picture on its stage', () => {
  it('fits whole, and is blown up no more than twice', () => {
    expect(fit).toEqual({ width: 500, height: 500 })
    expect(fitSize({ width: 100, height: 50 }, stage)).toEqual({ width: 200, height: 100 })
  })

  it('keeps the point under the pointer while it zooms', () => {
    const at = { x: 120, y: -40 }
    const view = zoomAt(zoomAt(FITTED, 2, { x: 10, y: 20 }), 1.5, at)
    // the same place of the picture, in fitted pixels from its middle, before and after
    const before = zoomAt(FITTED, 2, { x: 10, y: 20 })
    expect((at.x - view.x) / view.scale).toBeCloseTo((at.x - before.x) / before.scale)
    expect((at.y - view.y) / view.scale).toBeCloseTo((at.y - before.y) / before.scale)
  })

  it('never leaves the stage empty while there is picture to fill it', () => {
    const far = clampView(pan(zoomAt(FITTED, 4, { x: 0, y: 0 }), 9999, -9999), fit, stage, 16)
    expect(far).toEqual({ scale: 4, x: 500, y: -750 }) // 2000 x 2000 pixels on 1000 x 500
    expect(clampView(pan(FITTED, 50, 50), fit, stage, 16)).toEqual(FITTED)
  })

  it('has a smallest and a largestSource scale', () => {
    const limit = maxScale(picture, fit)
    expect(limit).toBe(16) // four pixels of the screen for one of the picture's
    expect(clampView({ scale: 99, x: 0, y: 0 }, fit, stage, limit).scale).toBe(16)
    expect(clampView({ scale: 0.2, x: 0, y: 0 }, fit, stage, limit).scale).toBe(1)
  })
})
