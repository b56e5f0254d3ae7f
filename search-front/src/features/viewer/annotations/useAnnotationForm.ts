import { ref, shallowRef } from 'vue'
import type { Problem } from '@/api/problem'
import { parseTags } from '@/lib/tags'

export interface Annotations {
  caption: string
  tags: string[]
}

/** Caption and tags as a person writes them anew; `send` resolves to what went wrong. */
export function useAnnotationForm(send: (annotations: Annotations) => Promise<Problem | null>) {
  const editing = ref(false)
  const caption = ref('')
  const tags = ref('')
  const problem = shallowRef<Problem | null>(null)

  function start(annotations: { caption: string | null; tags: readonly string[] }): void {
    caption.value = annotations.caption ?? ''
    tags.value = annotations.tags.join(', ')
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
    problem.value = await send({ caption: caption.value.trim(), tags: parseTags(tags.value) })
    if (problem.value !== null) editing.value = true // else a form that was opened meanwhile stays
  }

  return { editing, caption, tags, problem, start, stop, save }
}

export type AnnotationForm = ReturnType<typeof useAnnotationForm>
