/** The pictures in what was chosen or dropped, with those in folders. */

const PICTURE_NAME = /\.(jpe?g|png|webp|gif|bmp|tiff?|heic|heif|avif|jp2)$/i

export interface NamedFile {
  file: File
  /** With the folders it lies in, as far as they are known. */
  name: string
}

export interface FileSelection {
  pictures: NamedFile[]
  /** Files that are no pictures by their type or name. */
  others: number
}

function picturesOf(files: NamedFile[]): FileSelection {
  const pictures = files.filter(({ file }) => file.type.startsWith('image/') || PICTURE_NAME.test(file.name))
  return { pictures, others: files.length - pictures.length }
}

/** Files of a chooser, of a folder too; all of them are taken when they were picked one by one. */
export function chosenFiles(files: readonly File[]): FileSelection {
  const all = files.map((file) => ({ file, name: file.webkitRelativePath || file.name }))
  return files.some((file) => file.webkitRelativePath) ? picturesOf(all) : { pictures: all, others: 0 }
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

async function filesOf(entry: FileSystemEntry): Promise<NamedFile[]> {
  if (entry.isDirectory) {
    const files: NamedFile[] = []
    for (const child of await children(entry as FileSystemDirectoryEntry)) files.push(...(await filesOf(child)))
    return files
  }
  const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
  return [{ file, name: entry.fullPath.replace(/^\//, '') }]
}

/** The entries of a drop; to be read while its event is handled, as they are gone afterwards. */
export function entriesOf(data: DataTransfer | null): FileSystemEntry[] {
  return [...(data?.items ?? [])].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
}

export async function droppedFiles(entries: readonly FileSystemEntry[]): Promise<FileSelection> {
  const all = (await Promise.all(entries.map(filesOf))).flat()
  return entries.some((entry) => entry.isDirectory) ? picturesOf(all) : { pictures: all, others: 0 }
}
