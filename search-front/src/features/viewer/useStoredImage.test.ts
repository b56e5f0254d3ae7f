import { describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { Problem } from '@/api/problem'
import type { StoredImage, StoredObject } from '@/api/types'
import { aHit } from '@/testing/fixtures'
import { later, mounted, settled } from '@/testing/mounting'
import { useStoredImage } from './useStoredImage'

const stored = (): StoredImage => ({ ...aHit('a'), caption: 'old', tags: ['one'], objects: [], corrections: [] })

describe('caption and tags of an opened picture', () => {
  it('change at once, and are those of the service in the end', async () => {
    const answer = later<StoredImage>()
    const { result } = await mounted(() => useStoredImage(ref('c'), ref('a'), async () => stored(), () => answer.promise))
    await settled()
    const saved = result.annotate({ caption: 'new', tags: ['two'] })
    expect(result.picture.value).toMatchObject({ caption: 'new', tags: ['two'] })
    answer.resolve({ ...stored(), caption: 'new', tags: ['two', 'of the service'] })
    expect(await saved).toBeNull()
    expect(result.picture.value?.tags).toEqual(['two', 'of the service'])
  })

  it('of one object change that object alone, by its number', async () => {
    const object = (object_id: string) => ({ object_id, caption: null, tags: [] as string[] }) as StoredObject
    const [dog, cat] = [object('a-1'), object('a-12')]
    const write = vi.fn(() => later<StoredImage>().promise)
    const { result } = await mounted(() => useStoredImage(ref('c'), ref('a'), async () => ({ ...stored(), objects: [dog, cat] }), write))
    await settled()
    void result.annotate({ caption: 'a cat', tags: ['pet'] }, cat)
    expect(write).toHaveBeenCalledWith('c', 'a', { caption: 'a cat', tags: ['pet'], number: 12 })
    expect(result.picture.value?.objects).toEqual([dog, { ...cat, caption: 'a cat', tags: ['pet'] }])
    expect(result.picture.value?.caption).toBe('old')
  })

  it('come back when they are refused', async () => {
    const { result } = await mounted(() =>
      useStoredImage(ref('c'), ref('a'), async () => stored(), () => Promise.reject(new Problem('denied', 401))),
    )
    await settled()
    expect((await result.annotate({ caption: 'new', tags: [] }))?.code).toBe('denied')
    expect(result.picture.value).toMatchObject({ caption: 'old', tags: ['one'] })
  })

  it('do not overwrite the picture opened meanwhile', async () => {
    const answer = later<StoredImage>()
    const id = ref('a')
    const { result } = await mounted(() =>
      useStoredImage(ref('c'), id, async (_, imageId) => ({ ...stored(), image_id: imageId }), () => answer.promise),
    )
    await settled()
    const saved = result.annotate({ caption: 'new', tags: [] })
    id.value = 'b'
    await settled()
    answer.resolve({ ...stored(), caption: 'new' })
    await saved
    expect(result.picture.value).toMatchObject({ image_id: 'b', caption: 'old' })
  })
})
