import { expect, it } from 'vitest'
import { boxOf, imageOf, isPlace, ownBox } from './places'

it('an own box of a stored image is named with the image, and read again', () => {
  const place = ownBox('ab', [1, 2, 30, 40])
  expect(place).toBe('ab@1,2,30,40')
  expect([imageOf(place), boxOf(place), isPlace(place)]).toEqual(['ab', [1, 2, 30, 40], true])
})

it('a stored object has no box of its own', () => {
  expect([imageOf('ab-12'), boxOf('ab-12'), isPlace('ab-12')]).toEqual(['ab', null, true])
})

it.each(['ab@', 'ab@1,2,3', 'ab@5,5,5,9', 'ab@x,0,1,1', 'ab@-3,0,1,1'])('%s names nothing', (text) => expect(isPlace(text)).toBe(false))
