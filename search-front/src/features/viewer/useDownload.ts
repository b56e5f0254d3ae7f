import { ref, shallowRef } from 'vue'
import { pictureBytes } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import { saveFile } from '@/lib/saveFile'

const EXTENSIONS: Record<string, string> = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp', 'image/gif': 'gif', 'image/bmp': 'bmp', 'image/tiff': 'tiff' }

/** The file name of a crop: that of its picture, the object, and the extension of its own type. */
export function cropName(fileName: string, object: string, type: string): string {
  const stem = fileName.replace(/\.[^.]+$/, '') || 'picture'
  return `${stem} ${object}.${EXTENSIONS[type] ?? 'jpg'}`
}

/** Saves pictures as files; they come from another origin, where a plain download link would only show them. */
export function useDownload(read: typeof pictureBytes = pictureBytes) {
  const busy = ref(false)
  const problem = shallowRef<Problem | null>(null)

  async function save(address: string, nameFor: (type: string) => string): Promise<void> {
    busy.value = true
    problem.value = null
    try {
      const blob = await read(address)
      saveFile(blob, nameFor(blob.type))
    } catch (error) {
      problem.value = asProblem(error)
    } finally {
      busy.value = false
    }
  }

  return { busy, problem, save }
}
