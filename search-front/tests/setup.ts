import { createMemoryHistory, createRouter } from 'vue-router'
import { createApp, defineComponent, h, type App } from 'vue'
import type { Answer, Hit } from '@/api/types'

/** Runs a composable inside a mounted component, with a router at `at`. */
export async function mounted<T>(use: () => T, at = '/') {
  let result!: T
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { render: () => null } }] })
  await router.push(at)
  const app: App = createApp(
    defineComponent({
      setup() {
        result = use()
        return () => h('div')
      },
    }),
  ).use(router)
  app.mount(document.createElement('div'))
  return { result, router, unmount: () => app.unmount() }
}

export function aHit(id: string): Hit {
  return {
    image_id: id, image_url: null, thumbnail_url: null, thumbnails: {}, file_name: `${id}.jpg`, source_uri: '', width: 4, height: 3,
    bytes: 1, format: 'jpeg', taken_at: null, camera: null, location: null, caption: null, tags: [], attributes: {}, highlights: {},
    collection: 'photos', score: 0.1, relevance: null, weak: false, near_duplicates: 0, near_duplicate_ids: [], objects: [],
  }
}

export function anAnswer(ids: string[], cursor: string | null = null): Answer {
  return {
    hits: ids.map(aHit), total: { value: ids.length, relation: 'eq' }, next_cursor: cursor, took_ms: { total: 1 },
    query_objects: [], upload_id: null, notes: [], cut: null, groups: [], read_from_text: [],
    words_left: null,
  }
}

/** A promise that is settled by hand. */
export function later<T>() {
  let resolve!: (value: T) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

export const settled = () => new Promise((resolve) => setTimeout(resolve))
