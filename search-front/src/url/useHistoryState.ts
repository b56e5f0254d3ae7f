import { useRouter } from 'vue-router'

// The state of a step of history: `position` and `back` are the router's, `read` is ours.
interface StepState {
  position?: number
  back?: string | null
  read?: number
}

const stepState = (): StepState => (history.state as StepState | null) ?? {}

/** What the history of the browser knows of the results: whether a person came back to them, and how many had been read. */
export function useHistoryState() {
  let previousPosition = stepState().position ?? 0
  // Later than all that watches the new address, as that asks whether it was a step back.
  useRouter().afterEach((_to, _from, failure) => failure || setTimeout(() => (previousPosition = stepState().position ?? 0)))

  /** Whether the step under way goes back in history, rather than on to something new. */
  const returning = () => (stepState().position ?? 0) < previousPosition

  /** How many results stood here when this step was left or reloaded; 0 where it is new. */
  const read = () => stepState().read ?? 0

  function keepRead(count: number): void {
    if (count !== read()) history.replaceState({ ...stepState(), read: count }, '')
  }

  return { returning, read, keepRead }
}

/** Whether the step before this one shows `path`, also after a reload. */
export function cameFrom(path: string): boolean {
  return stepState().back === path
}
