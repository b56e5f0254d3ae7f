import { computed, ref, shallowReactive, shallowRef, watch, type Ref } from 'vue'
import { detect, image, upload } from '@/api/client'
import { asProblem, isAbort, type Problem } from '@/api/problem'
import type { Box, FoundObject, StoredObject } from '@/api/types'
import { area, rounded, wholeBox, type Size } from '@/geometry'
import { recall, remember } from '@/kept'
import { largest } from '@/pictures'
import { previewOf } from '@/preview'
import { MOST_PICTURES } from '@/query'
import { shrunk } from '@/shrink'
import { useLatest } from './useLatest'
import type { Phase } from './useSearch'
import type { UrlState } from './useUrlState'

/** A picture a search starts from: one the user gave, or one of the collection. */
export interface QueryPicture extends Size {
  /** Where the browser finds it; "" when it cannot show it. */
  src: string
  objects: (FoundObject | StoredObject)[]
  upload: string | null
}

/** A picture of the query with what is chosen in it, as the address says. */
export interface Queried {
  /** The upload id, or the id of the stored image. */
  key: string
  upload: boolean
  phase: Phase
  picture: QueryPicture | null
  /** Boxes in its pixels; the last one is the one that can be moved. */
  chosen: Box[]
  /** Of a stored image: the objects chosen. */
  objects: string[]
}

interface Held {
  phase: Phase
  picture: QueryPicture | null
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

/** Holds the query pictures that the address names, and takes new ones in. */
export function useQueryPictures(url: UrlState, collection: Ref<string>, known: Ref<boolean>) {
  const held = shallowReactive(new Map<string, Held>())
  const problem = shallowRef<Problem | null>(null)
  /** What is shown while the objects of a new picture are looked for; null when none is on its way. */
  const coming = ref<string | null>(null)
  const latest = useLatest()
  let last: { given: (File | string)[]; add: boolean } | null = null

  async function sent(given: File | string, signal: AbortSignal): Promise<QueryPicture> {
    const small = typeof given === 'string' ? given : await shrunk(given)
    const seen = typeof small === 'string' ? shownLink(small) : URL.createObjectURL(small)
    if (!signal.aborted) coming.value = seen
    const found = await detect(small, signal)
    const src = await previewOf(seen, typeof small === 'string')
    return { src, width: found.width, height: found.height, objects: found.objects, upload: found.upload_id }
  }

  /** Sends files or addresses one after the other, has their objects found, and searches for the main one of each. */
  async function take(given: (File | string)[], add = false): Promise<void> {
    last = { given, add }
    problem.value = null
    coming.value = ''
    let first = !add
    try {
      await latest.run(async (signal) => {
        for (const one of given.slice(0, MOST_PICTURES)) {
          const picture = await sent(one, signal)
          if (signal.aborted) return
          const id = picture.upload!
          held.set(id, { phase: 'done', picture })
          remember(id, picture)
          const main = mainObject(picture.objects as FoundObject[], picture)
          const taken = { id, boxes: [rounded(main?.box ?? wholeBox(picture))] }
          const before = first ? [] : url.state.value.uploads.filter((each) => each.id !== id)
          await url.go(
            { uploads: [...before, taken], open: null, ...(first ? { objects: [] } : {}) },
            { replace: one !== given[0] },
          )
          first = false
        }
      })
    } catch (error) {
      problem.value = asProblem(error)
    } finally {
      if (last.given === given) coming.value = null
    }
  }

  async function load(key: string, read: (signal: AbortSignal) => Promise<QueryPicture>): Promise<void> {
    if (held.has(key)) return
    held.set(key, { phase: 'loading', picture: null })
    try {
      held.set(key, { phase: 'done', picture: await read(AbortSignal.timeout(60_000)) })
    } catch (error) {
      held.set(key, { phase: 'error', picture: null })
      if (!isAbort(error)) problem.value = asProblem(error)
    }
  }

  async function kept(id: string, signal: AbortSignal): Promise<QueryPicture> {
    const here = recall(id)
    if (here) return here
    const { image_url, width, height, objects } = await upload(id, signal)
    return { src: image_url, width, height, objects, upload: id }
  }

  async function stored(where: string, id: string, signal: AbortSignal): Promise<QueryPicture> {
    const found = await image(where, id, signal)
    return { src: largest(found) ?? '', width: found.width, height: found.height, objects: found.objects, upload: null }
  }

  const images = computed(() => [...new Set(url.state.value.objects.map(imageOfObject))])
  const uploads = computed(() => url.state.value.uploads.map((given) => given.id))

  function follow(): void {
    for (const id of uploads.value) void load(id, (signal) => kept(id, signal))
    if (!known.value) return // which collection the stored ones are in
    for (const id of images.value) void load(id, (signal) => stored(collection.value, id, signal))
  }

  watch([() => uploads.value.join(), () => images.value.join(), collection, known], follow, { immediate: true })

  const pictures = computed<Queried[]>(() => [
    ...url.state.value.uploads.map(({ id, boxes }) => ({ ...of(id), key: id, upload: true, chosen: boxes, objects: [] })),
    ...images.value.map((id) => {
      const objects = url.state.value.objects.filter((each) => imageOfObject(each) === id)
      const inIt = new Map((of(id).picture?.objects ?? []).map((o) => ['object_id' in o ? o.object_id : '', o.box]))
      return { ...of(id), key: id, upload: false, chosen: objects.map((each) => inIt.get(each)).filter((box) => box !== undefined), objects }
    }),
  ])

  function of(key: string): Held {
    return held.get(key) ?? { phase: 'loading', picture: null }
  }

  /** Gives up what is on its way and what went wrong. */
  function dismiss(): void {
    latest.stop()
    coming.value = null
    problem.value = null
    for (const [key, each] of held) if (each.phase === 'error') held.delete(key)
  }

  function again(): void {
    if (last && problem.value && ![...held.values()].some((each) => each.phase === 'error')) return void take(last.given, last.add)
    dismiss()
    follow()
  }

  return { pictures, coming, problem, take, dismiss, again }
}
