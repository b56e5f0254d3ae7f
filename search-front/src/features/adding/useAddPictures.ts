import { computed, ref, shallowReactive, type ShallowReactive } from 'vue'
import { addImage } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import type { FileSelection } from './droppedFiles'

export interface AddedFile {
  id: number
  name: string
  file: File
  collection: string
  state: 'waiting' | 'sending' | 'added' | 'present' | 'failed'
  /** Share of its bytes that were sent, 0..1. */
  sent: number
  problem: Problem | null
}

const MAX_CONCURRENT = 2

/** Sends pictures to a collection, two at a time; `onDone` is called after each with how many are left. */
export function useAddPictures(onDone: (left: number) => void = () => undefined, send: typeof addImage = addImage) {
  const files = ref<ShallowReactive<AddedFile>[]>([])
  /** Files left out because they are no pictures. */
  const others = ref(0)
  const paused = ref(false)
  let next = 0
  let running = 0

  const counts = computed(() => {
    const byState = { waiting: 0, sending: 0, added: 0, present: 0, failed: 0 }
    let [bytes, sent] = [0, 0]
    for (const f of files.value) {
      byState[f.state] += 1
      bytes += f.file.size
      sent += f.state === 'waiting' ? 0 : f.state === 'sending' ? f.file.size * f.sent : f.file.size
    }
    const done = byState.added + byState.present + byState.failed
    const share = bytes > 0 ? (0.5 * sent) / bytes + (0.5 * done) / files.value.length : done > 0 ? 1 : 0
    return { all: files.value.length, done, ...byState, share }
  })
  const busy = computed(() => counts.value.done < counts.value.all)

  async function work(): Promise<void> {
    running += 1
    for (;;) {
      const file = paused.value ? undefined : files.value.find((f) => f.state === 'waiting')
      if (!file) break
      file.state = 'sending'
      file.sent = 0
      try {
        file.state = (await send(file.collection, file.file, (share) => (file.sent = share))).created ? 'added' : 'present'
      } catch (error) {
        file.problem = asProblem(error)
        file.state = 'failed'
      }
      onDone(counts.value.waiting + counts.value.sending)
    }
    running -= 1
  }

  function start(): void {
    for (let i = running; i < MAX_CONCURRENT; i++) void work()
  }

  function add(collection: string, selection: FileSelection): void {
    const fresh = selection.pictures.map(({ file, name }) =>
      shallowReactive<AddedFile>({ id: next++, name, file, collection, state: 'waiting', sent: 0, problem: null }),
    )
    files.value = [...files.value, ...fresh]
    others.value += selection.others
    start()
  }

  /** All that failed once more, or one of them. */
  function retry(only?: AddedFile): void {
    for (const file of files.value) {
      if (file.state === 'failed' && (!only || file.id === only.id)) Object.assign(file, { state: 'waiting', problem: null })
    }
    start()
  }

  /** What is on its way is finished; nothing more is begun until `resume`. */
  function pause(): void {
    paused.value = true
  }

  function resume(): void {
    paused.value = false
    start()
  }

  /** Forgets what is done, so that the list starts anew. */
  function clear(): void {
    files.value = files.value.filter((f) => f.state === 'waiting' || f.state === 'sending')
    others.value = 0
  }

  return { files, others, counts, busy, paused, add, retry, pause, resume, clear }
}
