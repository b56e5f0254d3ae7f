import { Problem, asProblem, problemOf } from './problem'
import type {
  Answer,
  Collection,
  Detected,
  ExportChoice,
  Facets,
  Followed,
  ImageAnnotations,
  Judgement,
  Missing,
  PagedSearchRequest,
  SavedSearch,
  SavedSearches,
  SearchRequest,
  SearchToSave,
  SelectionResult,
  SelectionWords,
  Spread,
  StoredImage,
  Suggestion,
  Upload,
} from './types'

const MAX_TYPED = 64 // characters that the service takes
const TIMEOUT_MS = 60_000
const EXPORT_TIMEOUT_MS = 1_800_000 // a thousand pictures over a slow line
const UPLOAD_TIMEOUT_MS = 300_000 // a picture over a slow line, then detected and embedded

function withTimeout(signal?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  return signal ? AbortSignal.any([signal, timeout]) : timeout
}

/** One request; anything but a 2xx becomes a Problem, an abort stays an abort. What may last longer has a limit of its own. */
async function send(path: string, init: RequestInit & { signal?: AbortSignal } = {}, soon = true): Promise<Response> {
  try {
    const response = await fetch(path, { ...init, signal: soon ? withTimeout(init.signal) : init.signal })
    if (!response.ok) throw await problemOf(response)
    return response
  } catch (error) {
    throw asProblem(error)
  }
}

/** From then on the browser sends the key by itself, in a cookie that no script can read. */
export async function signIn(key: string): Promise<void> {
  await send('/v1/session', { method: 'POST', headers: { authorization: `Bearer ${key}` } })
}

export async function json<T>(path: string, init?: RequestInit & { signal?: AbortSignal }): Promise<T> {
  return body(await send(path, init))
}

type JsonRequest = Omit<RequestInit, 'signal'>

export function asJson(method: string, value: unknown): JsonRequest {
  return { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}

export async function body<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T
  } catch (error) {
    throw asProblem(error) // the answer broke off, or is none of the service's
  }
}

const changes = new Set<Promise<unknown>>() // of what is stored, on their way to the service

/** A change of what is stored. The page shows it at once, so searches made meanwhile wait for it and find the same. */
export async function change(path: string, init: JsonRequest): Promise<Response> {
  const sent = send(path, init)
  changes.add(sent)
  try {
    return await sent
  } finally {
    changes.delete(sent)
  }
}

export function inCollection(collection: string): string {
  return `/v1/collections/${encodeURIComponent(collection)}`
}

/** A picture as a form: the file itself, or the address the server is to fetch. */
function pictureForm(picture: File | string): FormData {
  const form = new FormData()
  if (typeof picture === 'string') form.set('image_url', picture)
  else form.set('file', picture)
  return form
}

export async function search(collection: string, request: PagedSearchRequest, signal?: AbortSignal): Promise<Answer> {
  if (changes.size > 0) await Promise.allSettled(changes)
  return json(`${inCollection(collection)}/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...request, explain: true }),
    signal,
  })
}

export function detect(picture: File | string, signal?: AbortSignal): Promise<Detected> {
  return json('/v1/detect', { method: 'POST', body: pictureForm(picture), signal })
}

/** A query picture that the service still keeps, with its objects. */
export function getUpload(uploadId: string, signal?: AbortSignal): Promise<Upload> {
  return json(`/v1/uploads/${encodeURIComponent(uploadId)}`, { signal })
}

export function getImage(collection: string, imageId: string, signal?: AbortSignal): Promise<StoredImage> {
  return json(`${inCollection(collection)}/images/${encodeURIComponent(imageId)}`, { signal })
}

/** Sets caption or tags, of the picture or of its object `number`; what is left out stays. */
export async function annotateImage(collection: string, imageId: string, annotations: ImageAnnotations): Promise<StoredImage> {
  return body(await change(`${inCollection(collection)}/images/${encodeURIComponent(imageId)}`, asJson('PATCH', annotations)))
}

type SelectionChange = 'describe' | 'delete' | 'restore'

/** Changes several pictures; those that are not as they were thought to be are left, and a Problem when all of them are. */
async function changeSelection(collection: string, what: SelectionChange, asked: object): Promise<SelectionResult> {
  const result = await body<SelectionResult>(await change(`${inCollection(collection)}/selection/${what}`, asJson('POST', asked)))
  const [refused] = result.refused
  if (refused && result.done.length === 0) throw new Problem(refused.code, 409, refused.detail)
  return result
}

export function describeImages(collection: string, imageIds: readonly string[], words: SelectionWords): Promise<SelectionResult> {
  return changeSelection(collection, 'describe', { ...words, image_ids: imageIds })
}

/** Deletes pictures; `restoreImages` undoes it within an hour. */
export function deleteImages(collection: string, imageIds: readonly string[]): Promise<SelectionResult> {
  return changeSelection(collection, 'delete', { image_ids: imageIds })
}

export function restoreImages(collection: string, imageIds: readonly string[]): Promise<SelectionResult> {
  return changeSelection(collection, 'restore', { image_ids: imageIds })
}

/** Pictures, or of them what persons corrected, as a file with the name that the service gives it; `onShare` gets the share that came, 0..1, where that is known. */
export async function exportImages(collection: string, imageIds: readonly string[], what: ExportChoice, onShare: (share: number) => void): Promise<File> {
  const response = await send(`${inCollection(collection)}/selection/export`, { ...asJson('POST', { image_ids: imageIds, ...what }), signal: AbortSignal.timeout(EXPORT_TIMEOUT_MS) }, false)
  const all = Number(response.headers.get('boxlens-picture-bytes') ?? 0)
  const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? `${collection}.${what.format}`
  try {
    const pieces: Uint8Array<ArrayBuffer>[] = []
    let bytes = 0
    for await (const piece of piecesOf(response)) {
      pieces.push(piece)
      bytes += piece.length
      if (all > 0) onShare(Math.min(1, bytes / all))
    }
    return new File(pieces, name, { type: response.headers.get('content-type') ?? '' })
  } catch (error) {
    throw asProblem(error)
  }
}

async function* piecesOf(response: Response): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader()
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) yield next.value
}

/** The bytes of a picture, from wherever the service says it is. */
export async function pictureBytes(address: string): Promise<Blob> {
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (!response.ok) throw await problemOf(response)
    return await response.blob()
  } catch (error) {
    throw asProblem(error)
  }
}

const creations = new Map<string, Promise<unknown>>()

/** Creates a collection unless it exists: once for all uploads that wait for it, and again after a failure. */
async function ensureCollection(collection: string): Promise<void> {
  const creation = creations.get(collection) ?? createCollection(collection)
  creations.set(collection, creation)
  try {
    await creation
  } catch (error) {
    creations.delete(collection)
    throw error
  }
}

/** The server changes nothing when it exists. */
function createCollection(collection: string): Promise<unknown> {
  return send(inCollection(collection), { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{}' })
}

/** Puts a picture into a collection, which is created when it is not there; `created` is false for a picture that it holds already. */
export async function addImage(collection: string, file: File, onSent?: (share: number) => void): Promise<{ created: boolean }> {
  await ensureCollection(collection)
  return { created: (await sendWithProgress(`${inCollection(collection)}/images`, pictureForm(file), onSent)) === 201 }
}

/** One upload; `onSent` gets the share that was sent, 0..1, which fetch cannot say. Resolves to the status of the answer. */
function sendWithProgress(path: string, form: FormData, onSent: (share: number) => void = () => undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', path)
    request.timeout = UPLOAD_TIMEOUT_MS
    request.upload.onprogress = (event) => event.lengthComputable && onSent(event.loaded / event.total)
    request.upload.onload = () => onSent(1)
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) return resolve(request.status)
      void problemOf(new Response(request.response as string, { status: request.status })).then(reject)
    }
    request.onerror = () => reject(new Problem('offline', 0))
    request.ontimeout = () => reject(new Problem('timeout', 0))
    request.send(form)
  })
}

/** What a collection knows that goes on from what was typed, the best first. */
export async function getSuggestions(collection: string, typed: string, limit: number, signal?: AbortSignal): Promise<Suggestion[]> {
  const asked = new URLSearchParams({ q: typed.slice(0, MAX_TYPED), limit: String(limit) })
  return (await json<{ suggestions: Suggestion[] }>(`${inCollection(collection)}/suggestions?${asked}`, { signal })).suggestions
}

export async function listCollections(signal?: AbortSignal): Promise<Collection[]> {
  return (await json<{ collections: Collection[] }>('/v1/collections', { signal })).collections
}

/** The folders that collections follow, with how each is getting on. */
export async function listFollowed(signal?: AbortSignal): Promise<Followed[]> {
  return (await json<{ folders: Followed[] }>('/v1/following', { signal })).folders
}

export function pauseFollowed(id: number, paused: boolean): Promise<Followed> {
  return json(`/v1/following/${id}`, asJson('PATCH', { paused }))
}

/** Searches that watch for new pictures, and how many of these nobody has looked at. */
export function listSaved(signal?: AbortSignal): Promise<SavedSearches> {
  return json('/v1/saved', { signal })
}

export function saveSearch(search: SearchToSave): Promise<SavedSearch> {
  return json('/v1/saved', asJson('POST', search))
}

export async function changeSaved(id: string, what: 'delete' | 'seen'): Promise<void> {
  await send(`/v1/saved/${id}${what === 'seen' ? '/seen' : ''}`, { method: what === 'seen' ? 'POST' : 'DELETE' })
}

export async function getFacets(collection: string, signal?: AbortSignal): Promise<Facets> {
  return (await json<{ facets: Facets }>(`${inCollection(collection)}/facets`, { signal })).facets
}

/** Counts of what a search finds. */
export async function countFacets(collection: string, request: SearchRequest, signal?: AbortSignal): Promise<Facets> {
  const answer = await json<{ facets: Facets }>(`${inCollection(collection)}/facets`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
    signal,
  })
  return answer.facets
}

let keepsMarks = true // until the service says that its owner wants none

/** Says what a person thinks of a hit, for whoever keeps that; whether it arrived concerns nobody who searches. */
export async function markHit(collection: string, text: string, imageId: string, judgement: Judgement): Promise<void> {
  if (!keepsMarks || !text) return
  try {
    keepsMarks = (await json<{ kept: boolean }>(`${inCollection(collection)}/feedback`, asJson('POST', { text, image_id: imageId, judgement }))).kept
  } catch {
    // nothing depends on it
  }
}

/** When and where what a search finds was taken; the map is halved so often to make its cells. */
export function countSpread(collection: string, request: SearchRequest, halvings: number, signal?: AbortSignal): Promise<Spread> {
  return json(`${inCollection(collection)}/spread`, { ...asJson('POST', { ...request, halvings }), signal })
}

/** What the service lacks, each with its repair; nothing when it is ready. */
export async function getMissing(signal?: AbortSignal): Promise<Missing[]> {
  try {
    const response = await fetch('/readyz', { signal: withTimeout(signal) })
    if (response.ok) return []
    const body = (await response.json().catch(() => ({}))) as { missing?: Missing[]; detail?: string; hint?: string }
    return body.missing ?? [{ name: '', detail: body.detail ?? '', repair: body.hint ?? '' }]
  } catch (error) {
    throw asProblem(error)
  }
}
