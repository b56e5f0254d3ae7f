import { expect, it } from 'vitest'
import type { HitObject, StoredImage } from '@/api/types'
import { aHit } from '@/testing/fixtures'
import { corrected, picturesOf, ranked } from './hits'

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

it('a corrected picture has the labels of now, loses what was removed, and gets back what was taken back', () => {
  const object = (number: number, label: string, kind = 'object') => ({ object_id: `a-${number}`, label, kind, why: [], part: null, score: 0.5 }) as unknown as HitObject
  const hit = { ...aHit('a'), score: 0.7, objects: [object(1, 'dog'), object(2, 'cat'), object(3, 'dog', 'proposal')] }
  const image = (...objects: HitObject[]) => ({ ...aHit('a'), objects: [object(0, '', 'frame'), ...objects], corrections: [] }) as StoredImage
  const now = corrected(hit, image(object(1, 'horse'), object(4, 'car')))
  expect(now.objects.map((o) => o.label)).toEqual(['horse', 'dog'])
  expect([now.score, now.objects[0]!.score]).toEqual([0.7, 0.5])
  const undone = corrected(now, image(object(1, 'dog'), object(2, 'cat')))
  expect(undone.objects.map((o) => o.label)).toEqual(['dog', 'cat', 'dog'])
})

it('where every object was removed, the whole picture stays', () => {
  const frame = { object_id: 'a-0', kind: 'frame' }
  const hit = { ...aHit('a'), objects: [{ object_id: 'a-1', kind: 'object' } as HitObject] }
  const { objects } = corrected(hit, { ...aHit('a'), objects: [frame], corrections: [] } as unknown as StoredImage)
  expect(objects.map((o) => o.object_id)).toEqual(['a-0'])
})
