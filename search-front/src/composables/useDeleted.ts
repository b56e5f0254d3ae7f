import { computed, ref, shallowRef } from 'vue'
import { deleteImage, restoreImage } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'

export interface Deleted {
  collection: string
  imageId: string
  name: string
}

/** Pictures a person deleted, gone from what is shown at once, and brought back when that fails or is undone. */
export function useDeleted(whenChanged: () => void, remove: typeof deleteImage = deleteImage, bringBack: typeof restoreImage = restoreImage) {
  const gone = ref(new Set<string>())
  const last = shallowRef<Deleted | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const undoing = ref(false)

  const mark = (imageId: string, away: boolean) => {
    const next = new Set(gone.value)
    if (away) next.add(imageId)
    else next.delete(imageId)
    gone.value = next
  }

  /** Null when it is deleted, else what went wrong. */
  async function take(what: Deleted): Promise<Problem | null> {
    mark(what.imageId, true)
    try {
      await remove(what.collection, what.imageId)
      last.value = what
      problem.value = null
      whenChanged()
      return null
    } catch (error) {
      mark(what.imageId, false)
      return asProblem(error)
    }
  }

  async function undo(): Promise<void> {
    const what = last.value
    if (!what || undoing.value) return
    undoing.value = true
    problem.value = null
    try {
      await bringBack(what.collection, what.imageId)
      mark(what.imageId, false)
      last.value = null
      whenChanged()
    } catch (error) {
      problem.value = asProblem(error)
    } finally {
      undoing.value = false
    }
  }

  function forget(): void {
    last.value = null
    problem.value = null
  }

  return { gone: computed(() => gone.value), last, problem, undoing, take, undo, forget }
}
