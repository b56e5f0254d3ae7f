import { expect, it } from 'vitest'
import { picturesOf } from '@/hits'
import { aHit } from './setup'

it('the first result of each picture stays, in its place', () => {
  const hits = ['a', 'b', 'c', 'b', 'a'].map((id, i) => ({ ...aHit(id), score: i }))
  expect(picturesOf(hits)).toEqual(hits.slice(0, 3))
})
