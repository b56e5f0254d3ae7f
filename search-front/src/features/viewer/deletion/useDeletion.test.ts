import { describe, expect, it, vi } from 'vitest'
import { Problem } from '@/api/problem'
import { useDeletion } from './useDeletion'

describe('a deleted picture', () => {
  const picture = { collection: 'c', imageIds: ['a'], name: 'a.jpg' }
  it('is gone at once and back after undo', async () => {
    const changed = vi.fn()
    const deletion = useDeletion(changed, async () => undefined, async () => undefined)
    const deleted = deletion.deletePictures(picture)
    expect(deletion.hidden.value.has('a')).toBe(true)
    expect(await deleted).toBeNull()
    expect(deletion.last.value).toEqual(picture)
    await deletion.undo()
    expect(deletion.hidden.value.has('a')).toBe(false)
    expect(deletion.last.value).toBeNull()
    expect(changed).toHaveBeenCalledTimes(2)
  })

  it('is there again when deleting fails, and can be undone again when undoing fails', async () => {
    const offline = () => Promise.reject(new Problem('offline', 0))
    const failing = useDeletion(vi.fn(), offline, offline)
    expect((await failing.deletePictures(picture))?.code).toBe('offline')
    expect(failing.hidden.value.size).toBe(0)
    const deletion = useDeletion(vi.fn(), async () => undefined, offline)
    await deletion.deletePictures(picture)
    await deletion.undo()
    expect(deletion.problem.value?.code).toBe('offline')
    expect(deletion.last.value).toEqual(picture)
    expect(deletion.hidden.value.has('a')).toBe(true)
  })

  it('is one of many: what was deleted before a failure stays so, and all of that is undone', async () => {
    const imageIds = Array.from({ length: 60 }, (_, i) => `p${i}`)
    const sizes: number[] = []
    const remove = async (_: string, some: readonly string[]) => {
      sizes.push(some.length)
      if (sizes.length === 3) throw new Problem('offline', 0)
    }
    const restored: string[] = []
    const deletion = useDeletion(vi.fn(), remove, async (_, some) => void restored.push(...some))
    expect((await deletion.deletePictures({ collection: 'c', imageIds, name: '' }))?.code).toBe('offline')
    expect([...deletion.hidden.value]).toEqual(imageIds.slice(0, 50))
    await deletion.undo()
    expect(restored).toEqual(imageIds.slice(0, 50))
    expect(deletion.hidden.value.size).toBe(0)
  })
})
