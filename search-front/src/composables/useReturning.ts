import { useRouter } from 'vue-router'

// The state of each step of history: the router counts them in it, and says which step lies behind; `read` is ours.
interface Step {
  position?: number
  back?: string | null
  read?: number
}

const step = (): Step => (history.state as Step | null) ?? {}

/** What the steps of history know of the results: whether a person came back to them, and how many had been read. */
export function useReturning() {
  let before = step().position ?? 0
  // Whatever hangs on the new address was told by then.
  useRouter().afterEach(() => setTimeout(() => (before = step().position ?? 0)))

  /** Whether the step under way goes back in history, rather than on to something new. */
  const returning = () => (step().position ?? 0) < before

  /** How many results stood here when this step was left or reloaded; 0 where it is new. */
  const read = () => step().read ?? 0

  function keepRead(count: number): void {
    if (count !== read()) history.replaceState({ ...step(), read: count }, '')
  }

  return { returning, read, keepRead }
}

/** Whether the step before this one shows `path`, also after a reload. */
export function cameFrom(path: string): boolean {
  return step().back === path
}
