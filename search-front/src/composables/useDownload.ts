import { ref, shallowRef } from 'vue'
import { pictureBytes } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'

const ENDING: Record<string, string> = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp', 'image/gif': 'gif', 'image/bmp': 'bmp', 'image/tiff': 'tiff' }

/** The name under which a crop is kept: that of its picture, the object, and the ending of its own type. */
export function cropName(fileName: string, object: string, type: string): string {
  const stem = fileName.replace(/\.[^.]+$/, '') || 'picture'
  return `${stem} ${object}.${ENDING[type] ?? 'jpg'}`
}

/** Keeps pictures as files; they come from another origin, where a plain download link would only show them. */
export function useDownload(read: typeof pictureBytes = pictureBytes) {
  const busy = ref(false)
  const problem = shallowRef<Problem | null>(null)

  async function save(address: string, named: (type: string) => string): Promise<void> {
    busy.value = true
    problem.value = null
    try {
      const blob = await read(address)
      const link = document.createElement('a')
      link.href = URL.createObjectURL(blob)
      link.download = named(blob.type)
      link.click()
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000) // the browser reads it in its own time
    } catch (error) {
      problem.value = asProblem(error)
    } finally {
      busy.value = false
    }
  }

  return { busy, problem, save }
}
