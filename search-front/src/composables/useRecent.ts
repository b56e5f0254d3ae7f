import { watch, type Ref } from 'vue'
import { useStorage } from '@vueuse/core'
import type { PageState } from './useUrlState'

/** What was looked for before, kept by this browser alone. */
export type Recent = Pick<PageState, 'words' | 'without' | 'uploads' | 'objects'>

const MOST = 10

const asked = ({ words, without, uploads, objects }: Recent): Recent => ({ words, without, uploads, objects })
/** Two searches of the same pictures with other boxes are one for the reader. */
const subject = (one: Recent) => JSON.stringify([one.words, one.without, one.uploads.map((u) => u.id), one.objects])

/** Remembers each search once it is answered, the latest first, each but once. */
export function useRecent(state: Ref<PageState>, answered: Ref<boolean>) {
  const recent = useStorage<Recent[]>('boxlens.recent', [])

  watch([answered, state], ([done]) => {
    const now = asked(state.value)
    if (!done || !(now.words || now.uploads.length > 0 || now.objects.length > 0)) return
    if (recent.value[0] && JSON.stringify(recent.value[0]) === JSON.stringify(now)) return
    recent.value = [now, ...recent.value.filter((one) => subject(one) !== subject(now))].slice(0, MOST)
  })

  function clear(): void {
    recent.value = []
  }

  return { recent, clear }
}
