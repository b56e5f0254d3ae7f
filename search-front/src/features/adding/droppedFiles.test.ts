import { describe, expect, it } from 'vitest'
import { chosenFiles, droppedFiles } from './droppedFiles'

const files = (...names: string[]) => chosenFiles(names.map((name) => new File(['xx'], name)))

describe('what was chosen', () => {
  it('is all taken when picked, and only pictures of a folder', () => {
    const inFolder = (name: string, type = '') => {
      const file = new File(['x'], name, { type })
      Object.defineProperty(file, 'webkitRelativePath', { value: `trip/${name}` })
      return file
    }
    expect(files('a.jpg', 'notes.txt').pictures).toHaveLength(2) // its reason is told when it fails
    const chosen = chosenFiles([inFolder('a.JPG'), inFolder('b', 'image/png'), inFolder('notes.txt')])
    expect(chosen.pictures.map(({ name }) => name)).toEqual(['trip/a.JPG', 'trip/b'])
    expect(chosen.others).toBe(1)
  })

  it('is read from folders within folders, to the end of each', async () => {
    const file = (fullPath: string) =>
      ({ isDirectory: false, fullPath, file: (ok: (f: File) => void) => ok(new File(['x'], fullPath)) }) as unknown as FileSystemEntry
    const folder = (fullPath: string, ...batches: FileSystemEntry[][]) =>
      ({
        isDirectory: true,
        fullPath,
        createReader: () => {
          const left = [...batches, []]
          return { readEntries: (ok: (some: FileSystemEntry[]) => void) => ok(left.shift()!) }
        },
      }) as unknown as FileSystemEntry
    const inner = folder('/trip/day', [file('/trip/day/c.jpg')])
    const chosen = await droppedFiles([folder('/trip', [file('/trip/a.jpg'), inner], [file('/trip/b.txt')])])
    expect(chosen.pictures.map(({ name }) => name)).toEqual(['trip/a.jpg', 'trip/day/c.jpg'])
    expect(chosen.others).toBe(1)
  })
})
