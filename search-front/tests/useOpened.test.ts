import { describe as suite, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { Problem } from '@/api/problem'
import type { StoredImage, StoredObject } from '@/api/types'
import { cropName } from '@/composables/useDownload'
import { useDeleted } from '@/composables/useDeleted'
import { useOpened } from '@/composables/useOpened'
import { mapLink, placeText } from '@/place'
import { tagsIn } from '@/tags'
import { aHit, later, mounted, settled } from './setup'

const stored = (): StoredImage => ({ ...aHit('a'), caption: 'old', tags: ['one'], objects: [] })

suite('the words of an opened picture', () => {
  it('change at once, and are those of the service in the end', async () => {
    const answer = later<StoredImage>()
    const { result } = await mounted(() => useOpened(ref('c'), ref('a'), async () => stored(), () => answer.promise))
    await settled()
    const saved = result.rename({ caption: 'new', tags: ['two'] })
    expect(result.picture.value).toMatchObject({ caption: 'new', tags: ['two'] })
    answer.resolve({ ...stored(), caption: 'new', tags: ['two', 'of the service'] })
    expect(await saved).toBeNull()
    expect(result.picture.value?.tags).toEqual(['two', 'of the service'])
  })

  it('of one object change that object alone, by its number', async () => {
    const one = (object_id: string) => ({ object_id, caption: null, tags: [] as string[] }) as StoredObject
    const [dog, cat] = [one('a-1'), one('a-12')]
    const write = vi.fn(() => later<StoredImage>().promise)
    const { result } = await mounted(() => useOpened(ref('c'), ref('a'), async () => ({ ...stored(), objects: [dog, cat] }), write))
    await settled()
    void result.rename({ caption: 'a cat', tags: ['pet'] }, cat)
    expect(write).toHaveBeenCalledWith('c', 'a', { caption: 'a cat', tags: ['pet'], number: 12 })
    expect(result.picture.value?.objects).toEqual([dog, { ...cat, caption: 'a cat', tags: ['pet'] }])
    expect(result.picture.value?.caption).toBe('old')
  })

  it('come back when they are refused', async () => {
    const { result } = await mounted(() =>
      useOpened(ref('c'), ref('a'), async () => stored(), () => Promise.reject(new Problem('denied', 401))),
    )
    await settled()
    expect((await result.rename({ caption: 'new', tags: [] }))?.code).toBe('denied')
    expect(result.picture.value).toMatchObject({ caption: 'old', tags: ['one'] })
  })

  it('do not overwrite the picture opened meanwhile', async () => {
    const answer = later<StoredImage>()
    const id = ref('a')
    const { result } = await mounted(() =>
      useOpened(ref('c'), id, async (_, wanted) => ({ ...stored(), image_id: wanted }), () => answer.promise),
    )
    await settled()
    const saved = result.rename({ caption: 'new', tags: [] })
    id.value = 'b'
    await settled()
    answer.resolve({ ...stored(), caption: 'new' })
    await saved
    expect(result.picture.value).toMatchObject({ image_id: 'b', caption: 'old' })
  })
})

suite('a deleted picture', () => {
  const what = { collection: 'c', imageId: 'a', name: 'a.jpg' }
  it('is gone at once and back after undo', async () => {
    const changed = vi.fn()
    const deleted = useDeleted(changed, async () => undefined, async () => undefined)
    const taken = deleted.take(what)
    expect(deleted.gone.value.has('a')).toBe(true)
    expect(await taken).toBeNull()
    expect(deleted.last.value).toEqual(what)
    await deleted.undo()
    expect(deleted.gone.value.has('a')).toBe(false)
    expect(deleted.last.value).toBeNull()
    expect(changed).toHaveBeenCalledTimes(2)
  })

  it('is there again when deleting fails, and can be undone again when undoing fails', async () => {
    const away = () => Promise.reject(new Problem('offline', 0))
    const never = useDeleted(vi.fn(), away, away)
    expect((await never.take(what))?.code).toBe('offline')
    expect(never.gone.value.size).toBe(0)
    const kept = useDeleted(vi.fn(), async () => undefined, away)
    await kept.take(what)
    await kept.undo()
    expect(kept.problem.value?.code).toBe('offline')
    expect(kept.last.value).toEqual(what)
    expect(kept.gone.value.has('a')).toBe(true)
  })
})

suite('small words', () => {
  it('parts tags by commas of either script', () => expect(tagsIn('a, 海边，b、 a ,\n c')).toEqual(['a', '海边', 'b', 'c']))
  it('names a crop after its picture, the object and its own type', () => {
    expect(cropName('my dog.v2.HEIC', 'dog', 'image/webp')).toBe('my dog.v2 dog.webp')
    expect(cropName('', '狗', 'image/jpeg')).toBe('picture 狗.jpg')
  })
  it('writes a place', () => {
    expect(placeText({ lat: 48.85837, lon: -2.29448 })).toBe('48.8584° N, 2.2945° W')
    expect(mapLink({ lat: -1, lon: 2 })).toContain('mlat=-1&mlon=2')
  })
})
