import { ref, shallowRef } from 'vue'
import { describe, expect, it, vi } from 'vitest'
import { Problem } from '@/api/problem'
import type { Box, StoredImage, StoredObject } from '@/api/types'
import { aHit } from '@/testing/fixtures'
import { useCorrections } from './useCorrections'

const object = { object_id: `${'0'.repeat(64)}-3`, box: [10, 10, 50, 50] as Box } as StoredObject

function opened(steps: StoredImage['corrections'] = []) {
  const image: StoredImage = { ...aHit('a'), width: 200, height: 100, objects: [object], corrections: steps }
  const picture = shallowRef<StoredImage | null>(image)
  const calls = {
    addObject: vi.fn(() => Promise.resolve(image)),
    correctObject: vi.fn(() => Promise.resolve(image)),
    removeObject: vi.fn(() => Promise.resolve(image)),
    undoCorrection: vi.fn(() => Promise.resolve(image)),
  }
  const put = vi.fn()
  return { ...useCorrections(ref('photos'), picture, put, calls), calls, put, picture, image }
}

describe('corrections of an opened picture', () => {
  it('sends only what was changed, and shows the picture as it is then', async () => {
    const { start, label, box, save, calls, put, target, image } = opened()
    start(object, 'dog')
    label.value = ' cat '
    expect(await save()).toBe(true)
    expect(calls.correctObject).toHaveBeenLastCalledWith('photos', 'a', 3, { label: 'cat' })
    expect(put).toHaveBeenCalledWith(image)
    expect(target.value).toBeNull()
    start(object, 'dog')
    box.value = [0, 0, 40, 40]
    await save()
    expect(calls.correctObject).toHaveBeenLastCalledWith('photos', 'a', 3, { box: [0, 0, 40, 40] })
    start(object, 'dog')
    await save()
    expect(calls.correctObject).toHaveBeenCalledTimes(2) // nothing was changed
  })

  it('draws from the middle, and needs a label and a box that can be seen', async () => {
    const { draw, label, box, complete, save, calls } = opened()
    draw()
    expect(box.value).toEqual([50, 25, 150, 75])
    expect(complete.value).toBe(false)
    label.value = 'Bello'
    box.value = [0, 0, 1, 1]
    expect(complete.value).toBe(false)
    box.value = [0, 0, 30, 30]
    await save()
    expect(calls.addObject).toHaveBeenCalledWith('photos', 'a', { label: 'Bello', box: [0, 0, 30, 30] })
  })

  it('keeps what was typed when it is refused', async () => {
    const { start, label, save, calls, problem, target } = opened()
    calls.correctObject.mockRejectedValueOnce(new Problem('conflict', 409))
    start(object, 'dog')
    label.value = 'cat'
    expect(await save()).toBe(false)
    expect([problem.value?.code, label.value, target.value]).toEqual(['conflict', 'cat', object])
  })

  it('takes back only where something was corrected, and ends when another picture is opened', async () => {
    const step = { number: 3, by: 'anna', at: '2026-11-29T12:00:00Z', did: 'moved' as const }
    const { start, undo, undoable, calls, picture, image, target } = opened([step])
    expect([undoable.value, opened().undoable.value]).toEqual([true, false])
    await undo()
    expect(calls.undoCorrection).toHaveBeenCalledWith('photos', 'a')
    start(object, 'dog')
    picture.value = { ...image, image_id: 'b' }
    await Promise.resolve()
    expect(target.value).toBeNull()
  })
})
