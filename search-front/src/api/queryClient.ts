import { QueryClient, notifyManager } from '@tanstack/vue-query'
import type { Problem } from './problem'

declare module '@tanstack/vue-query' {
  interface Register {
    defaultError: Problem // every function of the client throws this
  }
}

notifyManager.setScheduler(queueMicrotask) // what awaits an answer finds it in the state, and not a task later

/**
 * The cache of what the service answered.
 *
 * Nothing is asked twice on its own: a person tries again, and what changes the collection invalidates it. The mode
 * "always" sends requests without network too, so that the page can say that the service is away.
 */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        networkMode: 'always',
        retry: false,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        staleTime: Infinity,
        structuralSharing: false,
        shallow: true,
      },
    },
  })
}
