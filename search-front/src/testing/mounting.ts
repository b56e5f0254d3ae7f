import { createApp, h, type App } from 'vue'
import { VueQueryPlugin } from '@tanstack/vue-query'
import { createMemoryHistory, createRouter } from 'vue-router'
import { createQueryClient } from '@/api/queryClient'
import { i18n } from '@/i18n/language'

/** Runs a composable inside a component of an app that `install` prepares. */
function inApp<T>(use: () => T, install: (app: App) => App): { result: T; app: App } {
  let result!: T
  const app = createApp({ setup: () => ((result = use()), () => h('div')) })
  install(app).mount(document.createElement('div'))
  return { result, app }
}

/** Runs a composable inside a mounted component, with a router at `path` and an empty cache. */
export async function mounted<T>(use: () => T, path = '/') {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { render: () => null } }] })
  await router.push(path)
  const { result, app } = inApp(use, (shell) => shell.use(router).use(VueQueryPlugin, { queryClient: createQueryClient() }))
  return { result, router, unmount: () => app.unmount() }
}

/** Runs a composable under the languages of the page. */
export function withLanguages<T>(use: () => T): T {
  return inApp(use, (shell) => shell.use(i18n)).result
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
