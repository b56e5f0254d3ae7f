import { onScopeDispose } from 'vue'
import { useRouter } from 'vue-router'

const position = () => (history.state as { position?: number } | null)?.position ?? 0

/** While the component is there, a step back in history is not taken but calls `close`, as a phone's key for back is pressed to close what lies over the page. */
export function onStepBack(close: () => void): void {
  const router = useRouter()
  let here = position()
  const stops = [
    router.beforeEach(() => {
      if (position() >= here) return true
      close()
      return false
    }),
    router.afterEach((_to, _from, failure) => {
      if (!failure) here = position()
    }),
  ]
  onScopeDispose(() => stops.forEach((stop) => stop()))
}
