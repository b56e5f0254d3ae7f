import { Problem, asProblem, problemOf } from './problem'
import type { Answer, Asked, Collection, Detected, Facets, ImageWords, Missing, Query, StoredImage, Upload } from './types'

const KEY_NAME = 'boxlens.key'
const TIMEOUT_MS = 60_000
const UPLOAD_TIMEOUT_MS = 300_000 // a picture over a slow line, then detected and embedded

export function storedKey(): string {
  return localStorage.getItem(KEY_NAME) ?? ''
}

export function storeKey(key: string): void {
  if (key) localStorage.setItem(KEY_NAME, key)
  else localStorage.removeItem(KEY_NAME)
}

/** One request; anything but a 2xx becomes a Problem, an abort stays an abort. */
async function send(path: string, init: RequestInit & { signal?: AbortSignal } = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  const key = storedKey()
  if (key) headers.set('authorization', `Bearer ${key}`)
  const late = AbortSignal.timeout(TIMEOUT_MS)
  const signal = init.signal ? AbortSignal.any([init.signal, late]) : late
  try {
    const response = await fetch(path, { ...init, headers, signal })
    if (!response.ok) throw await problemOf(response)
    return response
  } catch (error) {
    throw asProblem(error)
  }
}

async function json<T>(path: string, init?: RequestInit & { signal?: AbortSignal }): Promise<T> {
  return (await (await send(path, init)).json()) as T
}

function inCollection(collection: string): string {
  return `/v1/collections/${encodeURIComponent(collection)}`
}

/** A picture as a form: the file itself, or the address the server is to fetch. */
function pictureForm(picture: File | string): FormData {
  const form = new FormData()
  if (typeof picture === 'string') form.set('image_url', picture)
  else form.set('file', picture)
  return form
}

export function search(collection: string, query: Query, signal?: AbortSignal): Promise<Answer> {
  return json(`${inCollection(collection)}/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...query, explain: true }),
    signal,
  })
}

export function detect(picture: File | string, signal?: AbortSignal): Promise<Detected> {
  return json('/v1/detect', { method: 'POST', body: pictureForm(picture), signal })
}

/** A query picture that the service still keeps, with its objects. */
export function upload(uploadId: string, signal?: AbortSignal): Promise<Upload> {
  return json(`/v1/uploads/${encodeURIComponent(uploadId)}`, { signal })
}

export function image(collection: string, imageId: string, signal?: AbortSignal): Promise<StoredImage> {
  return json(`${inCollection(collection)}/images/${encodeURIComponent(imageId)}`, { signal })
}

/** Sets caption or tags, of the picture or of its object `number`; what is left out stays. */
export function describe(collection: string, imageId: string, words: ImageWords): Promise<StoredImage> {
  return json(`${inCollection(collection)}/images/${encodeURIComponent(imageId)}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(words),
  })
}

/** Deletes a picture; `restoreImage` undoes it within an hour. */
export async function deleteImage(collection: string, imageId: string): Promise<void> {
  await send(`${inCollection(collection)}/images/${encodeURIComponent(imageId)}`, { method: 'DELETE' })
}

export async function restoreImage(collection: string, imageId: string): Promise<void> {
  await send(`${inCollection(collection)}/images/${encodeURIComponent(imageId)}/restore`, { method: 'POST' })
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

const standing = new Map<string, Promise<unknown>>()

/** Makes a collection unless it stands: asked once for all uploads that wait for it, and again after a failure. */
async function ensureCollection(collection: string): Promise<void> {
  const asked = standing.get(collection) ?? makeCollection(collection)
  standing.set(collection, asked)
  try {
    await asked
  } catch (error) {
    standing.delete(collection)
    throw error
  }
}

/** The server changes nothing when it stands. */
function makeCollection(collection: string): Promise<unknown> {
  return send(inCollection(collection), { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{}' })
}

/** Puts a picture into a collection, which is made when it is not there; `created` is false for a known picture. */
export async function addImage(collection: string, file: File, onSent?: (share: number) => void): Promise<{ created: boolean }> {
  await ensureCollection(collection)
  return { created: (await sendWatched(`${inCollection(collection)}/images`, pictureForm(file), onSent)) === 201 }
}

/** One upload that tells how much of it was sent, which fetch cannot; the status of its answer. */
function sendWatched(path: string, form: FormData, onSent: (share: number) => void = () => undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', path)
    request.timeout = UPLOAD_TIMEOUT_MS
    const key = storedKey()
    if (key) request.setRequestHeader('authorization', `Bearer ${key}`)
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

export async function collections(signal?: AbortSignal): Promise<Collection[]> {
  return (await json<{ collections: Collection[] }>('/v1/collections', { signal })).collections
}

export async function facets(collection: string, signal?: AbortSignal): Promise<Facets> {
  return (await json<{ facets: Facets }>(`${inCollection(collection)}/facets`, { signal })).facets
}

/** Counts of what a query finds. */
export async function countsOf(collection: string, asked: Asked, signal?: AbortSignal): Promise<Facets> {
  const found = await json<{ facets: Facets }>(`${inCollection(collection)}/facets`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asked),
    signal,
  })
  return found.facets
}

/** What the service lacks, each with its repair; nothing when it is ready. */
export async function missing(signal?: AbortSignal): Promise<Missing[]> {
  const late = AbortSignal.timeout(TIMEOUT_MS)
  try {
    const response = await fetch('/readyz', { signal: signal ? AbortSignal.any([signal, late]) : late })
    if (response.ok) return []
    const body = (await response.json().catch(() => ({}))) as { missing?: Missing[]; detail?: string; hint?: string }
    return body.missing ?? [{ name: '', detail: body.detail ?? '', repair: body.hint ?? '' }]
  } catch (error) {
    throw asProblem(error)
  }
}
