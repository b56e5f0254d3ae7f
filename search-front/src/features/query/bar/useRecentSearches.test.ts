import { beforeEach, describe, expect, it } from 'vitest'
import { nextTick, ref } from 'vue'
import { mounted } from '@/testing/mounting'
import { parseState } from '@/url/pageState'
import { useRecentSearches } from './useRecentSearches'

beforeEach(() => localStorage.clear())

describe('recent searches', () => {
  it('are remembered once answered, each but once, the latest first, and cleared', async () => {
    const state = ref(parseState({ q: 'dog' }))
    const answered = ref(false)
    const { result } = await mounted(() => useRecentSearches(state, answered))
    const words = () => result.searches.value.map(({ words }) => words)
    expect(words()).toEqual([])
    answered.value = true
    await nextTick()
    for (const q of ['cat', 'dog', '']) {
      state.value = parseState({ q, open: 'x' })
      await nextTick()
    }
    expect(words()).toEqual(['dog', 'cat'])
    for (let i = 0; i < 20; i++) {
      state.value = parseState({ q: `w${i}` })
      await nextTick()
    }
    expect(words()).toHaveLength(10)
    expect(words()[0]).toBe('w19')
    result.clear()
    await nextTick()
    expect(words()).toEqual([])
  })

  it('keep the last box of a picture only', async () => {
    const state = ref(parseState({ up: 'u', box: '0,0,2,2' }))
    const { result } = await mounted(() => useRecentSearches(state, ref(true)))
    state.value = parseState({ up: 'u', box: '1,1,3,3' })
    await nextTick()
    expect(result.searches.value.map(({ uploads }) => uploads[0]?.boxes)).toEqual([[[1, 1, 3, 3]]])
  })
})
