import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import { addObject, correctObject, removeObject, undoCorrection } from '@/api/corrections'
import { asProblem, type Problem } from '@/api/problem'
import type { Box, StoredImage, StoredObject } from '@/api/types'
import { centreBox, isLargeEnough, sameBox } from '@/lib/geometry'

/** An object's id ends with its number in the picture. */
const numberOf = ({ object_id }: StoredObject) => Number(object_id.slice(object_id.lastIndexOf('-') + 1))

/**
 * Label and box of one object as a person corrects them, or of one that is drawn; `put` shows the picture as the
 * service then has it.
 */
export function useCorrections(
  collection: Ref<string>,
  picture: Ref<StoredImage | null>,
  put: (image: StoredImage) => void,
  calls = { addObject, correctObject, removeObject, undoCorrection },
) {
  /** The object that is corrected; "new" for one that is drawn. */
  const target = shallowRef<StoredObject | 'new' | null>(null)
  const label = ref('')
  const box = shallowRef<Box | null>(null)
  const busy = ref(false)
  const problem = shallowRef<Problem | null>(null)
  let shownLabel = ''

  function begin(what: StoredObject | 'new', name: string, from: Box): void {
    target.value = what
    label.value = shownLabel = name
    box.value = from
    problem.value = null
  }

  const start = (object: StoredObject, name: string) => begin(object, name, object.box)
  const draw = () => picture.value && begin('new', '', centreBox(picture.value))

  function stop(): void {
    target.value = null
    box.value = null
    problem.value = null
  }

  watch(() => picture.value?.image_id, stop)

  /** Whether it was done; what went wrong stands in `problem`, and what was typed stays. */
  async function send(call: (imageId: string) => Promise<StoredImage>): Promise<boolean> {
    const opened = picture.value?.image_id
    if (!opened || busy.value) return false
    busy.value = true
    problem.value = null
    try {
      put(await call(opened))
      return true
    } catch (error) {
      problem.value = asProblem(error)
      return false
    } finally {
      busy.value = false
    }
  }

  const complete = computed(() => label.value.trim() !== '' && box.value !== null && isLargeEnough(box.value))

  async function save(): Promise<boolean> {
    const [what, drawn, name] = [target.value, box.value, label.value.trim()]
    if (!what || !drawn || !complete.value) return false
    const done = await send((imageId) => {
      if (what === 'new') return calls.addObject(collection.value, imageId, { label: name, box: drawn })
      const patch = { ...(name !== shownLabel && { label: name }), ...(!sameBox(drawn, what.box) && { box: drawn }) }
      if (Object.keys(patch).length === 0) return Promise.resolve(picture.value!)
      return calls.correctObject(collection.value, imageId, numberOf(what), patch)
    })
    if (done) stop()
    return done
  }

  async function remove(): Promise<boolean> {
    const what = target.value
    if (!what || what === 'new') return false
    const done = await send((imageId) => calls.removeObject(collection.value, imageId, numberOf(what)))
    if (done) stop()
    return done
  }

  const undo = () => send((imageId) => calls.undoCorrection(collection.value, imageId))
  const undoable = computed(() => (picture.value?.corrections.length ?? 0) > 0)

  return { target, label, box, busy, problem, complete, undoable, start, draw, stop, save, remove, undo }
}

export type Corrections = ReturnType<typeof useCorrections>
