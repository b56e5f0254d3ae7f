import { describe, expect, it } from 'vitest'
import type { Box, FoundObject } from '@/api/types'
import { mainObject } from './queryPicture'

function detected(label: string, box: Box, box_score: number): FoundObject {
  return { label, label_name: null, box, box_norm: [0, 0, 1, 1], box_score }
}

describe('the object that is searched first', () => {
  const size = { width: 100, height: 100 }
  it('is large and sure, not merely the surest', () => {
    const bird = detected('bird', [0, 0, 4, 4], 0.95)
    const dog = detected('dog', [20, 20, 80, 80], 0.7)
    expect(mainObject([bird, dog], size)).toBe(dog)
  })
  it('is none when nothing was found', () => expect(mainObject([], size)).toBeNull())
})
