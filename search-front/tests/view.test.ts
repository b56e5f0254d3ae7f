import { describe, expect, it } from 'vitest'
import { FITTED, deepest, fitted, held, moved, zoomed } from '@/view'

const stage = { width: 1000, height: 500 }
const picture = { width: 2000, height: 2000 }
const fit = fitted(picture, stage)

describe('a picture on its stage', () => {
  it('fits whole, and is blown up no more than twice', () => {
    expect(fit).toEqual({ width: 500, height: 500 })
    expect(fitted({ width: 100, height: 50 }, stage)).toEqual({ width: 200, height: 100 })
  })

  it('keeps the point under the pointer while it zooms', () => {
    const at = { x: 120, y: -40 }
    const view = zoomed(zoomed(FITTED, 2, { x: 10, y: 20 }), 1.5, at)
    // the same place of the picture, in fitted pixels from its middle, before and after
    const before = zoomed(FITTED, 2, { x: 10, y: 20 })
    expect((at.x - view.x) / view.scale).toBeCloseTo((at.x - before.x) / before.scale)
    expect((at.y - view.y) / view.scale).toBeCloseTo((at.y - before.y) / before.scale)
  })

  it('never leaves the stage empty while there is picture to fill it', () => {
    const far = held(moved(zoomed(FITTED, 4, { x: 0, y: 0 }), 9999, -9999), fit, stage, 16)
    expect(far).toEqual({ scale: 4, x: 500, y: -750 }) // 2000 x 2000 pixels on 1000 x 500
    expect(held(moved(FITTED, 50, 50), fit, stage, 16)).toEqual(FITTED)
  })

  it('has a smallest and a largest scale', () => {
    const most = deepest(picture, fit)
    expect(most).toBe(16) // four pixels of the screen for one of the picture's
    expect(held({ scale: 99, x: 0, y: 0 }, fit, stage, most).scale).toBe(16)
    expect(held({ scale: 0.2, x: 0, y: 0 }, fit, stage, most).scale).toBe(1)
  })
})
