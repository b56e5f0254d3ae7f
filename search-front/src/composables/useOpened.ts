import { ref, shallowRef, watch, type Ref } from 'vue'
import { describe, image } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import type { StoredImage, StoredObject } from '@/api/types'
import { useLatest } from './useLatest'
import type { Phase } from './useSearch'
import type { Words } from './useWordsForm'

/** An object's id ends with its number in the picture. */
const numberOf = ({ object_id }: StoredObject) => Number(object_id.slice(object_id.lastIndexOf('-') + 1))

/** The stored picture that is open, with all its objects, and its words as a person changes them. */
export function useOpened(collection: Ref<string>, imageId: Ref<string>, read: typeof image = image, write: typeof describe = describe) {
  const phase = ref<Phase>('loading')
  const picture = shallowRef<StoredImage | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const latest = useLatest()

  async function load(): Promise<void> {
    phase.value = 'loading'
    problem.value = null
    picture.value = null
    try {
      const got = await latest.run((signal) => read(collection.value, imageId.value, signal))
      if (!got) return
      picture.value = got.value
      phase.value = 'done'
    } catch (error) {
      problem.value = asProblem(error)
      phase.value = 'error'
    }
  }

  /** Gives the picture, or one object of it, new words, which are shown at once; when the service refuses them the old
   * ones come back, and the problem is returned. */
  async function rename(words: Words, object: StoredObject | null = null): Promise<Problem | null> {
    const before = picture.value
    if (!before) return null
    const still = () => picture.value?.image_id === before.image_id
    const shown = { caption: words.caption || null, tags: words.tags }
    const objects = before.objects.map((o) => (o.object_id === object?.object_id ? { ...o, ...shown } : o))
    picture.value = object ? { ...before, objects } : { ...before, ...shown }
    try {
      const now = await write(collection.value, before.image_id, object ? { ...words, number: numberOf(object) } : words)
      if (still()) picture.value = now
      return null
    } catch (error) {
      if (still()) picture.value = before
      return asProblem(error)
    }
  }

  watch([collection, imageId], () => void load(), { immediate: true })
  return { phase, picture, problem, retry: load, rename }
}
