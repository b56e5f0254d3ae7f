import { useDropZone, useEventListener } from '@vueuse/core'

/** The link in a text, when the text is nothing but a link. */
export function linkIn(text: string): string | null {
  const trimmed = text.trim()
  return /^https?:\/\/\S+$/i.test(trimmed) && URL.canParse(trimmed) ? trimmed : null
}

/** What a drop or paste brings: files, or the address of a picture. */
export function picturesIn(data: DataTransfer | null): (File | string)[] {
  const files = [...(data?.files ?? [])]
  if (files.length > 0) return files
  const link = linkIn(data?.getData('text/uri-list').split('\n')[0] ?? '')
  return link ? [link] : []
}

/** Pictures dropped or pasted anywhere on the page; `over` while something is dragged that may be dropped. */
export function useDropOrPaste(take: (pictures: (File | string)[], data: DataTransfer | null) => void) {
  const { isOverDropZone: over } = useDropZone(document, {
    checkValidity: (items) => [...items].some(({ kind, type }) => kind === 'file' || type === 'text/uri-list'),
    onDrop: (_files, { dataTransfer }) => {
      const pictures = picturesIn(dataTransfer)
      if (pictures.length > 0) take(pictures, dataTransfer)
    },
  })

  useEventListener(document, 'paste', (event: ClipboardEvent) => {
    const files = [...(event.clipboardData?.files ?? [])]
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement
    const link = typing ? null : linkIn(event.clipboardData?.getData('text/plain') ?? '')
    const pictures = files.length > 0 ? files : link ? [link] : []
    if (pictures.length === 0) return
    event.preventDefault()
    take(pictures, null)
  })

  return { over }
}
