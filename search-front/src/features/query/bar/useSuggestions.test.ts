import { expect, it } from 'vitest'
import { lastWord } from './useSuggestions'

it.each([
  ['ca', '', 'ca'],
  ['red ca', 'red ', 'ca'],
  ['dog -ca', 'dog -', 'ca'],
  ['dog -"red c', 'dog -"red ', 'c'],
  ['红色，汽', '红色，', '汽'],
  ['car ', 'car ', ''],
  ['', '', ''],
])('of %j %j stays and %j is completed', (typed, head, begun) => expect(lastWord(typed)).toEqual({ head, begun }))
