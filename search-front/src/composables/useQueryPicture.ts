import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import { detect, image } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import type { Box, FoundObject, StoredObject } from '@/api/types'
import { area, rounded, sameBox, wholeBox, type Size } from '@/geometry'
import { recall, remember } from '@/kept'
import { previewOf } from '@/preview'
import { useLatest } from './useLatest'
import type { Phase } from './useSearch'
import type { UrlState } from './useUrlState'

/** The picture a search starts from: one the user gave, or one of the collection. */
export interface QueryPicture extends Size {
  /** Where the browser finds it; "" when it was given on another device. */
  src: string
  objects: (FoundObject | StoredObject)[]
  upload: string | null
}

/** The object most likely meant: well detected and large. */
export function mainObject(objects: readonly FoundObject[], size: Size): FoundObject | null {
  const weight = (o: FoundObject) => o.box_score * Math.sqrt(area(o.box) / (size.width * size.height))
  return objects.reduce<FoundObject | null>((best, o) => (best === null || weight(o) > weight(best) ? o : best), null)
}

export function imageOfObject(objectId: string): string {
  return objectId.slice(0, objectId.lastIndexOf('-'))
}

/** Pictures over plain http stay unseen: the content security policy keeps them out. */
function shownLink(link: string): string {
  return link.startsWith('https:') ? link : ''
}

/** Holds the query picture that the address names, and takes new ones in. */
export function useQueryPicture(url: UrlState, collection: Ref<string>) {
  const phase = ref<Phase>('idle')
  const picture = shallowRef<QueryPicture | null>(null)
  const problem = shallowRef<Problem | null>(null)
  /** What is shown while objects are looked for. */
  const preview = ref('')
  const latest = useLatest()
  let last: File | string | null = null
  let shown = '' // image id of the stored picture on show

  /** Sends a file or an address, has its objects found, and searches for the main one. */
  async function take(given: File | string): Promise<void> {
    last = given
    phase.value = 'loading'
    problem.value = null
    picture.value = null
    preview.value = typeof given === 'string' ? shownLink(given) : URL.createObjectURL(given)
    try {
      const got = await latest.run(async (signal) => {
        const found = await detect(given, signal)
        const src = await previewOf(preview.value, typeof given === 'string')
        return { found, src }
      })
      if (!got) return
      const { found, src } = got.value
      picture.value = { src, width: found.width, height: found.height, objects: found.objects, upload: found.upload_id }
      remember(found.upload_id, picture.value)
      phase.value = 'done'
      const main = mainObject(found.objects, found)
      await url.go({ upload: found.upload_id, box: rounded(main?.box ?? wholeBox(found)), object: null, open: null })
    } catch (error) {
      problem.value = asProblem(error)
      phase.value = 'error'
    }
  }

  async function show(where: string, objectId: string): Promise<void> {
    const wanted = imageOfObject(objectId)
    if (picture.value && picture.value.upload === null && shown === wanted) return
    phase.value = 'loading'
    problem.value = null
    picture.value = null
    preview.value = ''
    try {
      const got = await latest.run((signal) => image(where, wanted, signal))
      if (!got) return
      const { image_url, width, height, objects } = got.value
      picture.value = { src: image_url ?? '', width, height, objects, upload: null }
      shown = wanted
      phase.value = 'done'
    } catch (error) {
      problem.value = asProblem(error)
      phase.value = 'error'
    }
  }

  function clear(): void {
    latest.stop()
    picture.value = null
    problem.value = null
    preview.value = ''
    shown = ''
    phase.value = 'idle'
  }

  /** Shows what the address names, and nothing else. */
  function followAddress(): void {
    const { upload, object } = url.state.value
    if (upload) {
      if (picture.value?.upload === upload) return
      latest.stop()
      problem.value = null
      picture.value = recall(upload) ?? elsewhere(upload)
      phase.value = 'done'
    } else if (object) void show(collection.value, object)
    else clear()
  }

  // Each by itself: a step that changes none of them must not disturb a picture that is on its way.
  const stored = () => (url.state.value.object ? collection.value : '')
  watch([() => url.state.value.upload, () => url.state.value.object, stored], followAddress, { immediate: true })

  /** A picture known by its id alone: it can be searched, not shown. */
  function elsewhere(upload: string): QueryPicture {
    const box = url.state.value.box as Box
    return { src: '', width: box[2], height: box[3], objects: [], upload }
  }

  const chosen = computed<Box | null>(() => {
    const { upload, box, object } = url.state.value
    if (upload) return box
    const stored = picture.value?.objects.find((o) => 'object_id' in o && o.object_id === object)
    return stored?.box ?? null
  })

  const wholeChosen = computed(
    () => picture.value !== null && chosen.value !== null && sameBox(chosen.value, wholeBox(picture.value)),
  )

  return { phase, picture, problem, preview, chosen, wholeChosen, take, dismiss: followAddress, again: () => last !== null && void take(last) }
}
