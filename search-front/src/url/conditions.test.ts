import { describe, expect, it } from 'vitest'
import { parseCondition, toFilter, toggleCondition, withoutCondition, type Condition } from './conditions'

const all = (...texts: string[]) => texts.map((text) => parseCondition(text)!)

describe('the filter of conditions', () => {
  it.each<[string[], object | undefined]>([
    [[], undefined],
    [['label:dog', 'label:cat', 'tag:sea'], { label: ['dog', 'cat'], tags: ['sea'] }],
    [['colour:red', 'format:png', 'camera:Canon: EOS', 'position:left'], { colours: ['red'], format: ['png'], camera: ['Canon: EOS'], position: ['left'] }],
    [['text:中关 TAXI'], { ocr_text: ['中关 TAXI'] }],
    [['area:0.05..0.25', 'score:0.7..'], { area_share: { gte: 0.05, lte: 0.25 }, box_score: { gte: 0.7 } }],
    [['taken:2023'], { taken_at: { gte: '2023', lte: '2023' } }],
    [['taken:..2023-06-01'], { taken_at: { lte: '2023-06-01' } }],
    [['taken:2021', 'taken:2023'], { any: [{ taken_at: { gte: '2021', lte: '2021' } }, { taken_at: { gte: '2023', lte: '2023' } }] }],
    [['near:39.9,-116.4,5'], { location: { near: { lat: 39.9, lon: -116.4, km: 5 } } }],
    [['inside:116,39.5,117,40'], { location: { box: [116, 39.5, 117, 40] } }],
    [['count:dog:2..', 'count:a:b:..3'], { count: { dog: { gte: 2 }, 'a:b': { lte: 3 } } }],
  ])('%j', (texts, filter) => {
    expect(toFilter(all(...texts))).toEqual(filter)
  })

  it('puts a value in and takes it out, and one size in the place of another', () => {
    const [dog, small, large] = all('label:dog', 'area:..0.05', 'area:0.25..') as [Condition, Condition, Condition]
    expect(toggleCondition([dog], small)).toEqual([dog, small])
    expect(toggleCondition([dog, small], large)).toEqual([dog, large])
    expect(toggleCondition([dog, small], dog)).toEqual([small])
    const [near, inside] = all('near:39.9,116.4,5', 'inside:116,39,117,40') as [Condition, Condition]
    expect(toggleCondition([dog, near], inside)).toEqual([dog, inside])
    expect(withoutCondition([dog, small], { ...small })).toEqual([dog])
  })

  it.each(['inside:1,2,3', 'inside:3,2,1,4', 'inside:1,2,200,4', 'inside:a,b,c,d', 'inside:'])('knows no area %s', (text) => {
    expect(parseCondition(text)).toBeNull()
  })
})
