/** The pictures in what was chosen or dropped, folders read to their ends. */

const NAMED = /\.(jpe?g|png|webp|gif|bmp|tiff?|heic|heif|avif|jp2)$/i

export interface Found {
  file: File
  /** With the folders it lies in, as far as they are known. */
  name: string
}

export interface Chosen {
  pictures: Found[]
  /** Files that are no pictures by their type or name. */
  others: number
}

function sorted(all: Found[]): Chosen {
  const pictures = all.filter(({ file }) => file.type.startsWith('image/') || NAMED.test(file.name))
  return { pictures, others: all.length - pictures.length }
}

/** Files of a chooser, of a folder too; all of them are taken when they were picked one by one. */
export function chosenFiles(files: readonly File[]): Chosen {
  const all = files.map((file) => ({ file, name: file.webkitRelativePath || file.name }))
  return files.some((file) => file.webkitRelativePath) ? sorted(all) : { pictures: all, others: 0 }
}

function children(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  return new Promise((resolve, reject) => {
    const all: FileSystemEntry[] = []
    const next = () =>
      reader.readEntries((some) => {
        if (some.length === 0) return resolve(all)
        all.push(...some) // a hundred at a time in Chromium
        next()
      }, reject)
    next()
  })
}

async function filesOf(entry: FileSystemEntry): Promise<Found[]> {
  if (entry.isDirectory) {
    const found: Found[] = []
    for (const child of await children(entry as FileSystemDirectoryEntry)) found.push(...(await filesOf(child)))
    return found
  }
  const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
  return [{ file, name: entry.fullPath.replace(/^\//, '') }]
}

/** The entries of a drop; they are gone once its event is over, so they are read in it. */
export function entriesOf(data: DataTransfer | null): FileSystemEntry[] {
  return [...(data?.items ?? [])].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
}

export async function droppedFiles(entries: readonly FileSystemEntry[]): Promise<Chosen> {
  const all = (await Promise.all(entries.map(filesOf))).flat()
  return entries.some((entry) => entry.isDirectory) ? sorted(all) : { pictures: all, others: 0 }
}
