import { computed, ref } from 'vue'
import { addImage } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'

export interface AddedFile {
  id: number
  name: string
  file: File
  state: 'waiting' | 'sending' | 'added' | 'known' | 'failed'
  problem: Problem | null
}

const AT_ONCE = 2

/** Sends pictures to a collection, two at a time, each with its own fate. */
export function useAddPictures(send: typeof addImage = addImage) {
  const files = ref<AddedFile[]>([])
  let next = 0
  let running = 0

  const counts = computed(() => {
    const of = (state: AddedFile['state']) => files.value.filter((f) => f.state === state).length
    const done = of('added') + of('known') + of('failed')
    return { all: files.value.length, done, added: of('added'), known: of('known'), failed: of('failed') }
  })
  const busy = computed(() => counts.value.done < counts.value.all)

  async function work(collection: string, whenDone: () => void): Promise<void> {
    const file = files.value.find((f) => f.state === 'waiting')
    if (!file) {
      if (running === 0) whenDone()
      return
    }
    running += 1
    file.state = 'sending'
    try {
      file.state = (await send(collection, file.file)).created ? 'added' : 'known'
    } catch (error) {
      file.problem = asProblem(error)
      file.state = 'failed'
    }
    running -= 1
    await work(collection, whenDone)
  }

  function add(collection: string, given: File[], whenDone: () => void = () => undefined): void {
    for (const file of given) {
      files.value.push({ id: next++, name: file.name, file, state: 'waiting', problem: null })
    }
    for (let i = running; i < AT_ONCE; i++) void work(collection, whenDone)
  }

  function retry(collection: string, whenDone: () => void = () => undefined): void {
    for (const file of files.value) {
      if (file.state === 'failed') Object.assign(file, { state: 'waiting', problem: null })
    }
    for (let i = running; i < AT_ONCE; i++) void work(collection, whenDone)
  }

  function clear(): void {
    files.value = files.value.filter((f) => f.state === 'waiting' || f.state === 'sending')
  }

  return { files, counts, busy, add, retry, clear }
}
