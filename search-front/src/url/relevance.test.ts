import { expect, it } from 'vitest'
import { stepOf } from './relevance'

it('tells the three steps of relevance from a number of one\'s own', () => {
  expect(['auto', 'all', 0.5, 0.35].map((relevance) => stepOf(relevance as 'auto'))).toEqual(['auto', 'all', 'strict', 'own'])
})
