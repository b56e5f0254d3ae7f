import { ref, shallowRef } from 'vue'
import type { Problem } from '@/api/problem'
import { tagsIn } from '@/tags'

export interface Words {
  caption: string
  tags: string[]
}

/** Caption and tags as a person writes them anew; `rename` sends them and says what went wrong. */
export function useWordsForm(rename: (words: Words) => Promise<Problem | null>) {
  const editing = ref(false)
  const caption = ref('')
  const tags = ref('')
  const problem = shallowRef<Problem | null>(null)

  function start(words: { caption: string | null; tags: readonly string[] }): void {
    caption.value = words.caption ?? ''
    tags.value = words.tags.join(', ')
    problem.value = null
    editing.value = true
  }

  function stop(): void {
    editing.value = false
    problem.value = null
  }

  /** The form closes at once; what was typed comes back with the problem when the service did not take it. */
  async function save(): Promise<void> {
    stop()
    problem.value = await rename({ caption: caption.value.trim(), tags: tagsIn(tags.value) })
    if (problem.value !== null) editing.value = true // else left as it is by now: the answer may come after a new beginning
  }

  return { editing, caption, tags, problem, start, stop, save }
}

export type WordsForm = ReturnType<typeof useWordsForm>
