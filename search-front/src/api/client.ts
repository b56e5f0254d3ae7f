import { asProblem, problemOf } from './problem'
import type { Answer, Collection, Detected, Facets, Missing, Query, StoredImage } from './types'

const KEY_NAME = 'boxlens.key'
const TIMEOUT_MS = 60_000

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

export function image(collection: string, imageId: string, signal?: AbortSignal): Promise<StoredImage> {
  return json(`${inCollection(collection)}/images/${encodeURIComponent(imageId)}`, { signal })
}

const standing = new Set<string>()

/** Makes a collection unless it stands; the server changes nothing when it does. */
async function ensureCollection(collection: string, signal?: AbortSignal): Promise<void> {
  if (standing.has(collection)) return
  const headers = { 'content-type': 'application/json' }
  await send(inCollection(collection), { method: 'PUT', headers, body: '{}', signal })
  standing.add(collection)
}

/** Puts a picture into a collection, which is made when it is not there; `created` is false for a known picture. */
export async function addImage(collection: string, file: File, signal?: AbortSignal): Promise<{ created: boolean }> {
  await ensureCollection(collection, signal)
  const response = await send(`${inCollection(collection)}/images`, { method: 'POST', body: pictureForm(file), signal })
  return { created: response.status === 201 }
}

export async function collections(signal?: AbortSignal): Promise<Collection[]> {
  return (await json<{ collections: Collection[] }>('/v1/collections', { signal })).collections
}

export async function facets(collection: string, signal?: AbortSignal): Promise<Facets> {
  return (await json<{ facets: Facets }>(`${inCollection(collection)}/facets`, { signal })).facets
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
