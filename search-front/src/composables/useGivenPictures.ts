import { ref } from 'vue'
import { useEventListener } from '@vueuse/core'

/** The link in a text, when the text is nothing but a link. */
export function linkIn(text: string): string | null {
  const trimmed = text.trim()
  return /^https?:\/\/\S+$/i.test(trimmed) && URL.canParse(trimmed) ? trimmed : null
}

/** What a drop or paste brings: files, or the address of a picture. */
export function givenBy(data: DataTransfer | null): (File | string)[] {
  const files = [...(data?.files ?? [])]
  if (files.length > 0) return files
  const link = linkIn(data?.getData('text/uri-list').split('\n')[0] ?? '')
  return link ? [link] : []
}

/** Pictures dropped or pasted anywhere on the page. */
export function useGivenPictures(take: (given: (File | string)[], data: DataTransfer | null) => void) {
  const over = ref(false)
  let depth = 0

  const carries = (event: DragEvent) =>
    ['Files', 'text/uri-list'].some((type) => event.dataTransfer?.types.includes(type) ?? false)

  useEventListener(window, 'dragenter', (event: DragEvent) => {
    if (!carries(event)) return
    event.preventDefault()
    depth += 1
    over.value = true
  })
  useEventListener(window, 'dragover', (event: DragEvent) => {
    if (carries(event)) event.preventDefault()
  })
  useEventListener(window, 'dragleave', () => {
    depth = Math.max(0, depth - 1)
    if (depth === 0) over.value = false
  })
  useEventListener(window, 'drop', (event: DragEvent) => {
    depth = 0
    over.value = false
    const given = givenBy(event.dataTransfer)
    if (given.length === 0) return
    event.preventDefault()
    take(given, event.dataTransfer)
  })
  useEventListener(window, 'paste', (event: ClipboardEvent) => {
    const files = [...(event.clipboardData?.files ?? [])]
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement
    const link = typing ? null : linkIn(event.clipboardData?.getData('text/plain') ?? '')
    const given = files.length > 0 ? files : link ? [link] : []
    if (given.length === 0) return
    event.preventDefault()
    take(given, null)
  })

  return { over }
}
