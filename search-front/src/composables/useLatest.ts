import { onScopeDispose } from 'vue'

/**
 * Runs one task at a time: starting another aborts the one before, and what the older still says is dropped.
 *
 * `run` resolves to the task's value, or to undefined when it was overtaken or stopped; errors of an overtaken task
 * are dropped as well.
 */
export function useLatest() {
  let turn = 0
  let running: AbortController | null = null

  function stop(): void {
    turn += 1
    running?.abort()
    running = null
  }

  async function run<T>(task: (signal: AbortSignal) => Promise<T>): Promise<{ value: T } | undefined> {
    stop()
    const mine = turn
    const controller = new AbortController()
    running = controller
    try {
      const value = await task(controller.signal)
      return mine === turn ? { value } : undefined
    } catch (error) {
      if (mine !== turn || controller.signal.aborted) return undefined
      throw error
    }
  }

  onScopeDispose(stop)
  return { run, stop }
}
