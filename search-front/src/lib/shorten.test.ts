import { expect, it } from 'vitest'
import { shorten } from './shorten'

it.each([
  ['a dog', 10, 'a dog'],
  ['a dog and a cat', 10, 'a dog and…'],
  ['🐶🐱🐭🐹', 3, '🐶🐱…'],
])('%s in %i characters is %s', (words, most, short) => expect(shorten(words, most)).toBe(short))
