import { useRouter } from 'vue-router'

/** The router counts its steps in the state of each. */
function position(): number {
  return (history.state as { position?: number } | null)?.position ?? 0
}

/** Whether the step under way goes back in history, rather than on to something new. */
export function useReturning(): () => boolean {
  let before = position()
  // Whatever hangs on the new address was told by then.
  useRouter().afterEach(() => setTimeout(() => (before = position())))
  return () => position() < before
}
