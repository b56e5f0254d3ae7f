import { describe, expect, it } from 'vitest'
import { mounted } from '@/testing/mounting'
import { formatState, parseState, DEFAULT_REFINEMENT, type PageState } from './pageState'
import { parseBox } from './places'
import { useUrlState } from './useUrlState'

const EMPTY: PageState = { words: '', without: [], collection: null, uploads: [], objects: [], ...DEFAULT_REFINEMENT, open: null }

describe('the address', () => {
  it.each<[string, Partial<PageState>]>([
    ['nothing', {}],
    ['words', { words: '红色 Toyota & co' }],
    ['an upload with its box', { uploads: [{ id: '7a-ff', boxes: [[1, 2, 30, 40]] }], words: 'dog' }],
    [
      'several pictures with several boxes',
      { uploads: [{ id: '7a-ff', boxes: [[1, 2, 30, 40], [0, 0, 9, 9]] }, { id: '7a-ee', boxes: [[5, 5, 6, 6]] }] },
    ],
    ['words to keep away', { words: 'dog', without: ['cat', 'red car'] }],
    ['a stored object in another collection', { objects: ['ab-3'], collection: 'cars' }],
    ['several stored objects', { objects: ['ab-3', 'ab-4', 'cd-0'] }],
    [
      'conditions of every kind',
      {
        conditions: [
          { field: 'label', value: 'traffic light' }, { field: 'text', value: 'RE:16' }, { field: 'taken', value: '2023-01..2023-06' },
          { field: 'area', value: '0.25..' }, { field: 'count', value: 'dog:2..' },
        ],
      },
    ],
    ['what is not to be read', { words: '两只狗', ignore: ['all_of:两只狗'] }],
    ['less relevant ones, another order, nothing folded, and single objects', { relevance: 'all', sort: '-taken_at', fold: false, by: 'object' }],
    ['a least relevance', { relevance: 0.35 }],
    ['an open picture', { words: 'dog', open: 'ab' }],
  ])('says %s and reads it back', (_name, part) => {
    const state = { ...EMPTY, ...part }
    expect(parseState(formatState(state) as Record<string, string>)).toEqual(state)
  })

  it('is empty for an untouched page', () => {
    expect(formatState(EMPTY)).toEqual({})
  })

  it.each(['', '1,2,3', '1,2,3,x', '5,5,5,9', '9,9,1,1', '-1,0,4,4', '0,0,Infinity,4'])('takes %j for no box', (text) => {
    expect(parseBox(text)).toBeNull()
  })

  it('ignores an upload whose box is damaged, instead of searching for something else', () => {
    expect(parseState({ up: '7a-ff', box: 'oops' })).toEqual(EMPTY)
  })

  it.each(['nope:1', 'area:x', 'taken:soon', 'count:dog', 'label:', 'label', ':dog'])('ignores %j, which is no condition', (f) => {
    expect(parseState({ f, sort: 'size', rel: '300' })).toEqual(EMPTY)
  })

  it('pushes a step that back undoes, and replaces without one', async () => {
    const { result, router } = await mounted(() => useUrlState(), '/?q=dog')
    await result.go({ open: 'ab' })
    await result.go({ open: 'cd' }, { replace: true })
    expect(result.state.value).toMatchObject({ words: 'dog', open: 'cd' })
    router.back()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(result.state.value).toMatchObject({ words: 'dog', open: null })
  })
})
