import { afterEach, describe, expect, it } from 'vitest'
import { computed, ref } from 'vue'
import type { Answer } from '@/api/types'
import { i18n } from '@/i18n/language'
import { useConditionNames } from '@/i18n/useConditionNames'
import { aReadCondition, anAnswer } from '@/testing/fixtures'
import { withLanguages } from '@/testing/mounting'
import { parseState } from '@/url/pageState'
import { useRelaxations } from './useRelaxations'

afterEach(() => void (i18n.global.locale.value = 'en'))

const names = () => useConditionNames(ref([]))

describe('an empty answer', () => {
  it('says what could be relaxed, each with the step that does it', () => {
    const state = parseState({ q: 'two dogs', not: 'cat', f: ['label:dog', 'colour:red'] })
    const answer: Answer = {
      ...anAnswer([]),
      cut: { relevance: 0.08, dropped: 12 },
      read_from_text: [aReadCondition('all_of:two dogs', { all_of: [{ text: 'dogs', count: { min: 2, max: null }, relation: null }] })],
    }
    const relaxations = withLanguages(() => useRelaxations(computed(() => state), ref(answer), names()))
    expect(relaxations.value.map(({ patch }) => patch)).toEqual([
      { relevance: 'all' },
      { ignore: ['all_of:two dogs'] },
      { conditions: [{ field: 'colour', value: 'red' }] },
      { conditions: [{ field: 'label', value: 'dog' }] },
      { conditions: [] },
      { without: [] },
    ])
    expect(relaxations.value[0]!.text).toContain('12')
  })

  it('puts a condition that nothing fulfils before everything else', () => {
    const answer: Answer = {
      ...anAnswer([]), cut: { relevance: 0.05, dropped: 12 },
      read_from_text: [aReadCondition('taken:a'), aReadCondition('taken:b', { admits_nothing: true })],
    }
    const relaxations = withLanguages(() => useRelaxations(computed(() => parseState({ q: 'dog' })), ref(answer), names()))
    expect(relaxations.value.map(({ patch }) => patch)).toEqual([{ ignore: ['taken:b'] }, { relevance: 'all' }, { ignore: ['taken:a'] }])
  })

  it('has nothing to relax when nothing was asked beyond the words', () => {
    const relaxations = withLanguages(() => useRelaxations(computed(() => parseState({ q: 'dog' })), ref(anAnswer([])), names()))
    expect(relaxations.value).toEqual([])
  })
})
