import { computed, ref, shallowRef, type Ref } from 'vue'
import { useQueries, useQueryClient } from '@tanstack/vue-query'
import { detect, getImage, getUpload } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import type { FoundObject } from '@/api/types'
import { roundBox, wholeBox } from '@/lib/geometry'
import { largestSource } from '@/lib/imageSources'
import { phaseOf } from '@/lib/phase'
import { boxOf, imageOf } from '@/url/places'
import { MAX_QUERY_PICTURES } from '@/url/searchRequest'
import type { UrlState } from '@/url/useUrlState'
import { downscale } from './downscale'
import { previewOf } from './preview'
import { mainObject, type QueryPicture, type SelectedPicture } from './queryPicture'
import { recall, remember } from './uploadCache'
import { useAbortable } from './useAbortable'

/** Pictures over plain http stay unseen: the content security policy keeps them out. */
function shownLink(link: string): string {
  return link.startsWith('https:') ? link : ''
}

/** What this browser cannot show itself, such as TIFF and HEIC, as the service shows it; "" when it does not. */
async function servedPreview(id: string, signal: AbortSignal): Promise<string> {
  try {
    return (await getUpload(id, signal)).image_url
  } catch {
    return ''
  }
}

async function uploadedPicture(id: string, signal: AbortSignal): Promise<QueryPicture> {
  const cached = recall(id)
  if (cached) return cached
  const { image_url, width, height, objects } = await getUpload(id, signal)
  return { src: image_url, width, height, objects, upload: id }
}

async function storedPicture(collection: string, id: string, signal: AbortSignal): Promise<QueryPicture> {
  const image = await getImage(collection, id, signal)
  return { src: largestSource(image) ?? '', width: image.width, height: image.height, objects: image.objects, upload: null }
}

const uploadKey = (id: string) => ['query-picture', id]

/** The query pictures that the address names, and new ones on their way; `ready` once the collection is certain. */
export function useQueryPictures(url: UrlState, collection: Ref<string>, ready: Ref<boolean>) {
  const client = useQueryClient()
  const sendProblem = shallowRef<Problem | null>(null)
  /** What is shown while the objects of a new picture are looked for; null when none is on its way. */
  const incoming = ref<string | null>(null)
  const sending = useAbortable()
  let last: { pictures: (File | string)[]; add: boolean } | null = null

  async function send(picture: File | string, signal: AbortSignal): Promise<QueryPicture> {
    const sent = typeof picture === 'string' ? picture : await downscale(picture)
    const shown = typeof sent === 'string' ? shownLink(sent) : URL.createObjectURL(sent)
    if (!signal.aborted) incoming.value = shown
    const { width, height, objects, upload_id } = await detect(sent, signal)
    const own = await previewOf(shown, typeof sent === 'string')
    const src = own || typeof sent === 'string' ? own : await servedPreview(upload_id, signal)
    return { src, width, height, objects, upload: upload_id }
  }

  /** Sends files or addresses one after the other, has their objects found, and searches for the main one of each. */
  async function take(pictures: (File | string)[], add = false): Promise<void> {
    last = { pictures, add }
    clearProblems()
    incoming.value = ''
    try {
      await sending.run(async (signal) => {
        for (const [i, given] of pictures.slice(0, MAX_QUERY_PICTURES).entries()) {
          const picture = await send(given, signal)
          if (signal.aborted) return
          await show(picture, { alone: i === 0 && !add, replace: i > 0 })
        }
      })
    } catch (error) {
      sendProblem.value = asProblem(error)
    } finally {
      if (last.pictures === pictures) incoming.value = null
    }
  }

  /** Puts a picture that was sent into the address, beside the others or in place of all. */
  async function show(picture: QueryPicture, { alone, replace }: { alone: boolean; replace: boolean }): Promise<void> {
    const id = picture.upload!
    client.setQueryData(uploadKey(id), picture)
    remember(id, picture)
    const main = mainObject(picture.objects as FoundObject[], picture)
    const selection = { id, boxes: [roundBox(main?.box ?? wholeBox(picture))] }
    const others = alone ? [] : url.state.value.uploads.filter((upload) => upload.id !== id)
    await url.go({ uploads: [...others, selection], open: null, ...(alone ? { objects: [] } : {}) }, { replace })
  }

  const uploads = computed(() => url.state.value.uploads)
  const images = computed(() => [...new Set(url.state.value.objects.map(imageOf))])

  const results = useQueries({
    queries: () => [
      ...uploads.value.map(({ id }) => ({
        queryKey: uploadKey(id),
        queryFn: ({ signal }: { signal: AbortSignal }) => uploadedPicture(id, signal),
      })),
      ...images.value.map((id) => ({
        queryKey: ['query-picture', collection.value, id],
        queryFn: ({ signal }: { signal: AbortSignal }) => storedPicture(collection.value, id, signal),
        enabled: ready.value,
      })),
    ],
    shallow: true,
  })

  /** The picture at a place of `uploads`, then `images`. */
  function pictureAt(index: number): Pick<SelectedPicture, 'phase' | 'picture'> {
    const result = results.value[index]
    return { phase: phaseOf(result?.status ?? 'pending'), picture: result?.data ?? null }
  }

  const pictures = computed<SelectedPicture[]>(() => [
    ...uploads.value.map(({ id, boxes }, i) => ({ ...pictureAt(i), key: id, upload: true, chosen: boxes, objects: [] })),
    ...images.value.map((id, i) => {
      const { phase, picture } = pictureAt(uploads.value.length + i)
      const objects = url.state.value.objects.filter((place) => imageOf(place) === id)
      const boxes = new Map((picture?.objects ?? []).map((o) => ['object_id' in o ? o.object_id : '', o.box]))
      return { phase, picture, key: id, upload: false, chosen: objects.map((place) => boxOf(place) ?? boxes.get(place)).filter((box) => box !== undefined), objects }
    }),
  ])

  const loadProblem = computed(() => results.value.find((result) => result.isError)?.error ?? null)
  const dismissed = shallowRef<Problem | null>(null)
  const problem = computed(() => sendProblem.value ?? (loadProblem.value === dismissed.value ? null : loadProblem.value))

  function clearProblems(): void {
    sendProblem.value = null
    dismissed.value = loadProblem.value
  }

  /** Gives up what is on its way and what went wrong. */
  function dismiss(): void {
    sending.stop()
    incoming.value = null
    clearProblems()
  }

  function retry(): void {
    if (last && sendProblem.value) return void take(last.pictures, last.add)
    for (const result of results.value) if (result.isError) void result.refetch()
  }

  return { pictures, incoming, problem, take, dismiss, retry }
}
