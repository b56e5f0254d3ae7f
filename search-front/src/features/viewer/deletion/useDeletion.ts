import { computed, ref, shallowRef } from 'vue'
import { deleteImages, restoreImages } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'

const CHUNK = 25 // pictures in a request

/** Pictures that were deleted together; `name` is that of a single one. */
export interface Deleted {
  collection: string
  imageIds: readonly string[]
  name: string
}

type Send = (collection: string, imageIds: readonly string[]) => Promise<unknown>

/** Pictures a person deleted, hidden at once, and shown again when that fails or is undone. */
export function useDeletion(onChange: () => void, remove: Send = deleteImages, restore: Send = restoreImages) {
  const hidden = ref(new Set<string>())
  const last = shallowRef<Deleted | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const undoing = ref(false)

  function setHidden(imageIds: readonly string[], hide: boolean): void {
    const next = new Set(hidden.value)
    for (const imageId of imageIds) {
      if (hide) next.add(imageId)
      else next.delete(imageId)
    }
    hidden.value = next
  }

  /** Sends some at a time; those that were not sent before a problem, and the problem. */
  async function sendAll({ collection, imageIds }: Deleted, send: Send): Promise<{ left: readonly string[]; problem: Problem | null }> {
    for (let i = 0; i < imageIds.length; i += CHUNK) {
      try {
        await send(collection, imageIds.slice(i, i + CHUNK))
      } catch (error) {
        return { left: imageIds.slice(i), problem: asProblem(error) }
      }
    }
    return { left: [], problem: null }
  }

  /** Null when all are deleted, else what went wrong; what was deleted before can be undone. */
  async function deletePictures(pictures: Deleted): Promise<Problem | null> {
    setHidden(pictures.imageIds, true)
    const { left, problem: failed } = await sendAll(pictures, remove)
    setHidden(left, false)
    if (left.length < pictures.imageIds.length) {
      last.value = { ...pictures, imageIds: pictures.imageIds.filter((id) => !left.includes(id)) }
      problem.value = null
      onChange()
    }
    return failed
  }

  async function undo(): Promise<void> {
    const pictures = last.value
    if (!pictures || undoing.value) return
    undoing.value = true
    problem.value = null
    const { left, problem: failed } = await sendAll(pictures, restore)
    setHidden(pictures.imageIds.filter((id) => !left.includes(id)), false)
    last.value = left.length > 0 ? { ...pictures, imageIds: left } : null
    problem.value = failed
    if (left.length < pictures.imageIds.length) onChange()
    undoing.value = false
  }

  function dismiss(): void {
    last.value = null
    problem.value = null
  }

  return { hidden: computed(() => hidden.value), last, problem, undoing, deletePictures, undo, dismiss }
}
