import { ref, shallowRef, watch, type Ref } from 'vue'
import { image } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import type { StoredImage } from '@/api/types'
import { useLatest } from './useLatest'
import type { Phase } from './useSearch'

/** The stored picture that is open, with all its objects. */
export function useOpened(collection: Ref<string>, imageId: Ref<string>, read: typeof image = image) {
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

  watch([collection, imageId], () => void load(), { immediate: true })
  return { phase, picture, problem, retry: load }
}
