import { expect, it } from 'vitest'
import { cropName } from './useDownload'

it('names a crop after its picture, the object and its own type', () => {
  expect(cropName('my dog.v2.HEIC', 'dog', 'image/webp')).toBe('my dog.v2 dog.webp')
  expect(cropName('', '狗', 'image/jpeg')).toBe('picture 狗.jpg')
})
