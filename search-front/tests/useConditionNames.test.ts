import { afterEach, describe, expect, it } from 'vitest'
import { computed, createApp, defineComponent, h, ref } from 'vue'
import type { Answer, FacetCount, ReadCondition } from '@/api/types'
import { parseCondition } from '@/conditions'
import { i18n } from '@/language'
import { useConditionNames } from '@/composables/useConditionNames'
import { useRelaxing } from '@/composables/useRelaxing'
import { parseState } from '@/composables/useUrlState'
import { anAnswer } from './setup'

const LABELS: FacetCount[] = [{ value: 'dog', count: 3, name: { en: 'dog', zh: '狗' } }]

/** A composable under the page's languages. */
function spoken<T>(use: () => T): T {
  let result!: T
  const shell = defineComponent({ setup: () => ((result = use()), () => h('div')) })
  createApp(shell).use(i18n).mount(document.createElement('div'))
  return result
}

const names = () => useConditionNames(ref(LABELS))

function read(key: string, what: Partial<ReadCondition> = {}): ReadCondition {
  return { key, text: key, clause: 0, start: 0, end: 1, read_as: 'all_of', all_of: [], filter: null, away: null, admits_nothing: false, ...what }
}

afterEach(() => void (i18n.global.locale.value = 'en'))

describe('a condition is called', () => {
  it.each([
    ['label:dog', 'dog', '狗'],
    ['label:unheard', 'unheard', 'unheard'],
    ['tag:sea', '#sea', '#sea'],
    ['colour:red', 'red', '红色'],
    ['format:jpeg', 'JPEG', 'JPEG'],
    ['taken:2023', '2023', '2023年'],
    ['taken:2023-07', 'Jul 2023', '2023年7月'],
    ['taken:2021..2023', '2021 – 2023', '2021–2023年'],
    ['area:0.25..', 'size 25% and more', '大小 25% 以上'],
    ['count:dog:2..', 'at least 2: dog', '至少 2 个狗'],
    ['position:left', 'left', '左侧'],
    ['near:39.9163,116.3972,5', 'within 5 km of 39.9163° N, 116.3972° E', '39.9163° N, 116.3972° E 周围 5 公里'],
    ['text:TAXI', 'says “TAXI”', '含“TAXI”'],
  ])('%s: %s, %s', (text, english, chinese) => {
    const { nameOf } = spoken(names)
    const plain = (said: string) => said.replace(/[\u2009\u202f]/g, ' ').replace(/\s*[-–至]\s*/g, '–')
    expect(plain(nameOf(parseCondition(text)!))).toBe(plain(english))
    i18n.global.locale.value = 'zh-CN'
    expect(plain(nameOf(parseCondition(text)!))).toBe(plain(chinese))
  })
})

describe('what was read from the words means', () => {
  const count = { min: 1, max: null }
  const beside = read('dog left of bicycle', {
    all_of: [
      { text: 'dog', count, relation: { is: 'left_of', other: 1 } },
      { text: 'bicycle', count, relation: null },
    ],
  })

  it.each([
    [beside, 'dog left of bicycle', 'dog在bicycle左边'],
    [read('two dogs', { all_of: [{ text: 'dogs', count: { min: 2, max: null }, relation: null }] }), 'at least 2: dogs', '至少 2 个dogs'],
    [read('no cat', { all_of: [{ text: 'cat', count: { min: 1, max: 0 }, relation: null }] }), 'no cat', '没有cat'],
    [read('a, b', { all_of: [{ text: 'a', count, relation: null }, { text: 'b', count, relation: null }] }), 'a and b', 'a和b'],
    [read('without cat', { read_as: 'not', away: { text: 'cat', weight: -0.5 } }), 'without cat', '不含cat'],
    [
      read('2023年7月', { read_as: 'filter', filter: { taken_at: { gte: '2023-07-01T00:00:00.000Z', lte: '2023-07-31T23:59:59.999Z' } } }),
      'Jul 2023',
      '2023年7月',
    ],
  ])('%#', (one, english, chinese) => {
    const { meaning } = spoken(names)
    expect(meaning(one, one.all_of)).toBe(english)
    i18n.global.locale.value = 'zh-CN'
    expect(meaning(one, one.all_of)).toBe(chinese)
  })

  it('counts the parts of all conditions when a relation names another', () => {
    const { meaning } = spoken(names)
    const first = read('two cats', { all_of: [{ text: 'cats', count: { min: 2, max: null }, relation: null }] })
    const later = read('dog left of bicycle', {
      all_of: [{ text: 'dog', count, relation: { is: 'left_of', other: 2 } }, { text: 'bicycle', count, relation: null }],
    })
    expect(meaning(later, [...first.all_of, ...later.all_of])).toBe('dog left of bicycle')
  })
})

describe('an empty answer', () => {
  it('says what could be relaxed, each with the step that does it', () => {
    const state = parseState({ q: 'two dogs', not: 'cat', f: ['label:dog', 'colour:red'] })
    const answer: Answer = {
      ...anAnswer([]),
      cut: { relevance: 0.08, dropped: 12 },
      read_from_text: [read('all_of:two dogs', { all_of: [{ text: 'dogs', count: { min: 2, max: null }, relation: null }] })],
    }
    const ways = spoken(() => useRelaxing(computed(() => state), ref(answer), names()))
    expect(ways.value.map((way) => way.patch)).toEqual([
      { relevance: 'all' },
      { ignore: ['all_of:two dogs'] },
      { conditions: [{ field: 'colour', value: 'red' }] },
      { conditions: [{ field: 'label', value: 'dog' }] },
      { conditions: [] },
      { without: [] },
    ])
    expect(ways.value[0]!.text).toContain('12')
  })

  it('puts a condition that nothing fulfils before everything else', () => {
    const answer: Answer = {
      ...anAnswer([]), cut: { relevance: 0.05, dropped: 12 },
      read_from_text: [read('taken:a'), read('taken:b', { admits_nothing: true })],
    }
    const ways = spoken(() => useRelaxing(computed(() => parseState({ q: 'dog' })), ref(answer), names()))
    expect(ways.value.map((way) => way.patch)).toEqual([{ ignore: ['taken:b'] }, { relevance: 'all' }, { ignore: ['taken:a'] }])
  })

  it('has nothing to relax when nothing was asked beyond the words', () => {
    const ways = spoken(() => useRelaxing(computed(() => parseState({ q: 'dog' })), ref(anAnswer([])), names()))
    expect(ways.value).toEqual([])
  })
})
