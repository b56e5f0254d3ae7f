import { afterEach, describe, expect, it } from 'vitest'
import { ref } from 'vue'
import type { FacetCount } from '@/api/types'
import { aReadCondition } from '@/testing/fixtures'
import { withLanguages } from '@/testing/mounting'
import { parseCondition } from '@/url/conditions'
import { i18n } from './language'
import { useConditionNames } from './useConditionNames'

const LABELS: FacetCount[] = [{ value: 'dog', count: 3, name: { en: 'dog', zh: '狗' } }]

const names = () => useConditionNames(ref(LABELS))

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
    ['count:dog:2..', 'at least 2: dog', '至少 2 只狗'],
    ['position:left', 'left', '左侧'],
    ['near:39.9163,116.3972,5', 'within 5 km of 39.9163° N, 116.3972° E', '39.9163° N, 116.3972° E 周围 5 公里'],
    ['text:TAXI', 'text “TAXI”', '含“TAXI”'],
  ])('%s: %s, %s', (text, english, chinese) => {
    const { nameOf } = withLanguages(names)
    const plain = (name: string) => name.replace(/[\u2009\u202f]/g, ' ').replace(/\s*[-–至]\s*/g, '–')
    expect(plain(nameOf(parseCondition(text)!))).toBe(plain(english))
    i18n.global.locale.value = 'zh-CN'
    expect(plain(nameOf(parseCondition(text)!))).toBe(plain(chinese))
  })
})

describe('what was read from the words means', () => {
  const count = { min: 1, max: null }
  const beside = aReadCondition('dog left of bicycle', {
    all_of: [
      { text: 'dog', count, relation: { is: 'left_of', other: 1 } },
      { text: 'bicycle', count, relation: null },
    ],
  })

  it.each([
    [beside, 'dog left of bicycle', 'dog在bicycle左边'],
    [aReadCondition('two dogs', { all_of: [{ text: 'dogs', count: { min: 2, max: null }, relation: null }] }), 'at least 2: dogs', '至少 2 个dogs'],
    [aReadCondition('no cat', { all_of: [{ text: 'cat', count: { min: 1, max: 0 }, relation: null }] }), 'no cat', '没有cat'],
    [aReadCondition('a, b', { all_of: [{ text: 'a', count, relation: null }, { text: 'b', count, relation: null }] }), 'a and b', 'a和b'],
    [aReadCondition('without cat', { read_as: 'not', away: { text: 'cat', weight: -0.5 } }), 'without cat', '不含cat'],
    [
      aReadCondition('2023年7月', { read_as: 'filter', filter: { taken_at: { gte: '2023-07-01T00:00:00.000Z', lte: '2023-07-31T23:59:59.999Z' } } }),
      'Jul 2023',
      '2023年7月',
    ],
  ])('%#', (condition, english, chinese) => {
    const { meaning } = withLanguages(names)
    expect(meaning(condition, condition.all_of)).toBe(english)
    i18n.global.locale.value = 'zh-CN'
    expect(meaning(condition, condition.all_of)).toBe(chinese)
  })

  it('counts the parts of all conditions when a relation names another', () => {
    const { meaning } = withLanguages(names)
    const first = aReadCondition('two cats', { all_of: [{ text: 'cats', count: { min: 2, max: null }, relation: null }] })
    const later = aReadCondition('dog left of bicycle', {
      all_of: [{ text: 'dog', count, relation: { is: 'left_of', other: 2 } }, { text: 'bicycle', count, relation: null }],
    })
    expect(meaning(later, [...first.all_of, ...later.all_of])).toBe('dog left of bicycle')
  })
})
