import { computed, ref, shallowRef } from 'vue'
import { asProblem, type Problem } from '@/api/problem'

const CHUNK = 25 // pictures in a request, so that progress is seen

/** Something done with many pictures, some at a time: how far it is, and what stopped it. */
export function useSelectionTask() {
  const share = ref<number | null>(null) // 0..1 while something is done
  const problem = shallowRef<Problem | null>(null)
  const busy = computed(() => share.value !== null)

  /** Whether it was done to the end. */
  async function run(work: (onShare: (share: number) => void) => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    share.value = 0
    problem.value = null
    try {
      await work((now) => (share.value = now))
      return true
    } catch (error) {
      problem.value = asProblem(error)
      return false
    } finally {
      share.value = null
    }
  }

  /** The same for some of the pictures at a time. */
  function each(ids: readonly string[], send: (some: readonly string[]) => Promise<unknown>): Promise<boolean> {
    return run(async (onShare) => {
      for (let i = 0; i < ids.length; i += CHUNK) {
        await send(ids.slice(i, i + CHUNK))
        onShare(Math.min(1, (i + CHUNK) / ids.length))
      }
    })
  }

  return { share, busy, problem, run, each }
}
