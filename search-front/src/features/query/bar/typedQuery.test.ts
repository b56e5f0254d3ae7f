import { describe, expect, it } from 'vitest'
import { parseTypedQuery } from './typedQuery'

describe('typed words', () => {
  it.each([
    ['dog -cat', 'dog', ['cat']],
    ['  狗 －猫  −"red car" ', '狗', ['猫', 'red car']],
    ['T-shirt 1990-2000', 'T-shirt 1990-2000', []],
    ['-cat', '', ['cat']],
    ['a - b --c', 'a - b --c', []],
  ])('%j are %j without %j', (text, words, without) => expect(parseTypedQuery(text)).toEqual({ words, without }))
})
