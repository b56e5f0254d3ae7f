import { onScopeDispose } from 'vue'

/**
 * Runs one task at a time: starting another aborts the one before, whose value and errors are dropped.
 *
 * For tasks of several steps that change the page; what only reads from the service is a query of its cache.
 */
export function useAbortable() {
  let running: AbortController | null = null

  function stop(): void {
    running?.abort()
    running = null
  }

  /** Resolves when the task is over, overtaken or stopped. Rejects with the task's own error. */
  async function run(task: (signal: AbortSignal) => Promise<void>): Promise<void> {
    stop()
    const controller = new AbortController()
    running = controller
    try {
      await task(controller.signal)
    } catch (error) {
      if (!controller.signal.aborted) throw error
    }
  }

  onScopeDispose(stop)
  return { run, stop }
}
