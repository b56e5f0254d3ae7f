import { expect, it } from 'vitest'
import type { HitObject } from '@/api/types'
import { aHit } from '@/testing/fixtures'
import { picturesOf, ranked } from './hits'

it('the first result of each picture stays, in its place', () => {
  const hits = ['a', 'b', 'c', 'b', 'a'].map((id, i) => ({ ...aHit(id), score: i }))
  expect(picturesOf(hits)).toEqual(hits.slice(0, 3))
})

it('what nothing ranked has no best match', () => {
  const object = { why: [], part: null } as unknown as HitObject
  const why = [{ signal: 'clip' }] as HitObject['why']
  expect(ranked({ ...aHit('a'), objects: [object] })).toBe(false)
  expect(ranked({ ...aHit('a'), objects: [object, { ...object, why }] })).toBe(true)
  expect(ranked({ ...aHit('a'), objects: [{ ...object, part: 0 }] })).toBe(true)
})
