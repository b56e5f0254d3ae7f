import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { formatState, parseState, type PageState } from './pageState'

export interface UrlState {
  state: ComputedRef<PageState>
  /** Goes to the state changed by `patch`; `replace` leaves no step to go back to. */
  go: (patch: Partial<PageState>, options?: { replace?: boolean }) => Promise<void>
  href: (patch: Partial<PageState>) => string
}

/** The state of the page, which the address alone holds. */
export function useUrlState(): UrlState {
  const route = useRoute()
  const router = useRouter()
  const state = computed(() => parseState(route.query))
  const target = (patch: Partial<PageState>) => ({ path: '/', query: formatState({ ...state.value, ...patch }) })
  return {
    state,
    go: async (patch, options = {}) => {
      await (options.replace ? router.replace(target(patch)) : router.push(target(patch)))
    },
    href: (patch) => router.resolve(target(patch)).href,
  }
}
