import { describe, expect, it } from 'vitest'
import { parseState } from './pageState'
import { toClauses, toSearchRequest } from './searchRequest'

describe('the clauses of a query', () => {
  it('are words, boxes and objects, and what is kept away pushes', () => {
    const state = parseState({ q: 'dog', not: ['cat'], up: 'u', box: '0,0,2,2;1,1,3,3', obj: 'ab-1' })
    expect(toClauses(state)).toEqual([
      { text: 'dog' },
      { upload_id: 'u', box: [0, 0, 2, 2] },
      { upload_id: 'u', box: [1, 1, 3, 3] },
      { object_id: 'ab-1' },
      { text: 'cat', weight: -1 },
    ])
  })
  it('are none when only something unwanted is named', () => expect(toClauses(parseState({ not: 'cat' }))).toEqual([]))
})

describe('the search of a page', () => {
  it('is nothing for an untouched page, and a list of what conditions admit without words', () => {
    expect(toSearchRequest(parseState({}))).toBeNull()
    expect(toSearchRequest(parseState({ f: 'label:dog' }))).toEqual({ clauses: [], read_text: true, filter: { label: ['dog'] } })
  })

  it('is everything when there is but an order', () => {
    expect(toSearchRequest(parseState({ sort: '-taken_at' }))).toEqual({ clauses: [], read_text: true, filter: { area_share: { gte: 0 } }, sort: '-taken_at' })
  })

  it('says only what differs from the usual', () => {
    expect(toSearchRequest(parseState({ q: 'dog' }))).toEqual({ clauses: [{ text: 'dog' }], read_text: true })
    expect(toSearchRequest(parseState({ q: 'dog', rel: 'all', sort: '-taken_at', fold: 'off', ignore: 'all_of:two dogs' }))).toEqual({
      clauses: [{ text: 'dog' }], read_text: true, min_relevance: null, sort: '-taken_at', fold: false, ignore: ['all_of:two dogs'],
    })
    expect(toSearchRequest(parseState({ q: 'dog', rel: '35' }))?.min_relevance).toBe(0.35)
    expect(toSearchRequest(parseState({ q: 'dog', by: 'object' }))).toEqual({ clauses: [{ text: 'dog' }], read_text: true, group_by: 'object', fold: false })
  })
})
