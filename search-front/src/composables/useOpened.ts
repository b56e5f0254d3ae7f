import { ref, shallowRef, watch, type Ref } from 'vue'
import { describe, image } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import type { ImageWords, StoredImage } from '@/api/types'
import { useLatest } from './useLatest'
import type { Phase } from './useSearch'

type Words = Required<{ [K in keyof ImageWords]: NonNullable<ImageWords[K]> }>

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

  /** Shows the new words at once; when the service refuses them the old ones come back, and the problem is returned. */
  async function rename(words: Words): Promise<Problem | null> {
    const before = picture.value
    if (!before) return null
    const still = () => picture.value?.image_id === before.image_id
    picture.value = { ...before, caption: words.caption || null, tags: words.tags }
    try {
      const now = await write(collection.value, before.image_id, words)
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
