/** Pictures this browser sent, so that going back or reloading shows them again. Oldest go first when room is short. */
import type { QueryPicture } from './composables/useQueryPictures'

const PREFIX = 'boxlens.upload.'
const ORDER = 'boxlens.uploads'
const MOST = 12

const held = new Map<string, QueryPicture>()

function order(): string[] {
  return JSON.parse(sessionStorage.getItem(ORDER) ?? '[]') as string[]
}

export function remember(upload: string, picture: QueryPicture): void {
  held.set(upload, picture)
  const ids = [upload, ...order().filter((id) => id !== upload)]
  for (const id of ids.splice(MOST)) sessionStorage.removeItem(PREFIX + id)
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
  const here = held.get(upload)
  if (here) return here
  const text = sessionStorage.getItem(PREFIX + upload)
  return text === null ? null : (JSON.parse(text) as QueryPicture)
}
