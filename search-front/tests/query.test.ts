import { beforeEach, describe, expect, it } from 'vitest'
import { nextTick, ref } from 'vue'
import { useRecent } from '@/composables/useRecent'
import { parseState } from '@/composables/useUrlState'
import { clausesOf, splitWords } from '@/query'
import { sentSize } from '@/shrink'
import { mounted } from './setup'

beforeEach(() => localStorage.clear())

describe('typed words', () => {
  it.each([
    ['dog -cat', 'dog', ['cat']],
    ['  狗 －猫  −"red car" ', '狗', ['猫', 'red car']],
    ['T-shirt 1990-2000', 'T-shirt 1990-2000', []],
    ['-cat', '', ['cat']],
    ['a - b --c', 'a - b --c', []],
  ])('%j are %j without %j', (text, words, without) => expect(splitWords(text)).toEqual({ words, without }))
})

describe('the clauses of a query', () => {
  it('are words, boxes and objects, and what is kept away pushes', () => {
    const state = parseState({ q: 'dog', not: ['cat'], up: 'u', box: '0,0,2,2;1,1,3,3', obj: 'ab-1' })
    expect(clausesOf(state)).toEqual([
      { text: 'dog' },
      { upload_id: 'u', box: [0, 0, 2, 2] },
      { upload_id: 'u', box: [1, 1, 3, 3] },
      { object_id: 'ab-1' },
      { text: 'cat', weight: -1 },
    ])
  })
  it('are none when only something unwanted is named', () => expect(clausesOf(parseState({ not: 'cat' }))).toEqual([]))
})

describe('a large photo', () => {
  it.each([
    [{ width: 6000, height: 4000 }, { width: 2048, height: 1365 }],
    [{ width: 3000, height: 9000 }, { width: 683, height: 2048 }],
    [{ width: 2048, height: 10 }, { width: 2048, height: 10 }],
    [{ width: 90000, height: 1 }, { width: 2048, height: 1 }],
  ])('of %j is sent as %j', (given, size) => expect(sentSize(given)).toEqual(size))
})

describe('recent searches', () => {
  it('are remembered once answered, each but once, the latest first, and cleared', async () => {
    const state = ref(parseState({ q: 'dog' }))
    const answered = ref(false)
    const { result } = await mounted(() => useRecent(state, answered))
    const said = () => result.recent.value.map((one) => one.words)
    expect(said()).toEqual([])
    answered.value = true
    await nextTick()
    for (const q of ['cat', 'dog', '']) {
      state.value = parseState({ q, open: 'x' })
      await nextTick()
    }
    expect(said()).toEqual(['dog', 'cat'])
    for (let i = 0; i < 20; i++) {
      state.value = parseState({ q: `w${i}` })
      await nextTick()
    }
    expect(said()).toHaveLength(10)
    expect(said()[0]).toBe('w19')
    result.clear()
    await nextTick()
    expect(said()).toEqual([])
  })

  it('keep the last box of a picture only', async () => {
    const state = ref(parseState({ up: 'u', box: '0,0,2,2' }))
    const { result } = await mounted(() => useRecent(state, ref(true)))
    state.value = parseState({ up: 'u', box: '1,1,3,3' })
    await nextTick()
    expect(result.recent.value.map((one) => one.uploads[0]?.boxes)).toEqual([[[1, 1, 3, 3]]])
  })
})
