import { describe, expect, it } from 'vitest'
import { formatState, parseBox, parseState, useUrlState, type PageState } from '@/composables/useUrlState'
import { mounted } from './setup'

const EMPTY: PageState = { words: '', collection: null, upload: null, box: null, object: null, open: null }

describe('the address', () => {
  it.each<[string, Partial<PageState>]>([
    ['nothing', {}],
    ['words', { words: '红色 Toyota & co' }],
    ['an upload with its box', { upload: '7a-ff', box: [1, 2, 30, 40], words: 'dog' }],
    ['a stored object in another collection', { object: 'ab-3', collection: 'cars' }],
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
