/** Pictures this browser sent, so that going back or reloading shows them again. The oldest go first. */
import type { QueryPicture } from './queryPicture'

const PREFIX = 'boxlens.upload.'
const ORDER = 'boxlens.uploads'
const MAX_UPLOADS = 12

const inMemory = new Map<string, QueryPicture>() // for browsers whose storage is full or closed

/** The ids of the pictures in the storage, the latest first. */
function storedIds(): string[] {
  return JSON.parse(sessionStorage.getItem(ORDER) ?? '[]') as string[]
}

export function remember(upload: string, picture: QueryPicture): void {
  inMemory.delete(upload)
  inMemory.set(upload, picture)
  if (inMemory.size > MAX_UPLOADS) inMemory.delete(inMemory.keys().next().value!)
  const ids = [upload, ...storedIds().filter((id) => id !== upload)]
  for (const id of ids.splice(MAX_UPLOADS)) sessionStorage.removeItem(PREFIX + id)
  while (ids.length > 0) {
    try {
      sessionStorage.setItem(PREFIX + upload, JSON.stringify(picture))
      sessionStorage.setItem(ORDER, JSON.stringify(ids))
      return
    } catch {
      const oldest = ids.pop() // the storage is full
      if (oldest) sessionStorage.removeItem(PREFIX + oldest)
    }
  }
}

export function recall(upload: string): QueryPicture | null {
  const picture = inMemory.get(upload)
  if (picture) return picture
  const text = sessionStorage.getItem(PREFIX + upload)
  return text === null ? null : (JSON.parse(text) as QueryPicture)
}
