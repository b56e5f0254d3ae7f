import { expect, it } from 'vitest'
import { formatState, parseState } from './pageState'
import { toClauses } from './searchRequest'
import { withMark, withoutMark } from './marks'

it('keeps an object right or wrong, the last word counting', () => {
  const right = withMark({ like: [], unlike: [] }, 'like', 'a-1')
  expect(withMark(right, 'like', 'a-1')).toEqual(right)
  expect(withMark(right, 'unlike', 'a-1')).toEqual({ like: [], unlike: ['a-1'] })
  expect(withoutMark(right, 'a-1')).toEqual({ like: [], unlike: [] })
})

it('goes beside the query with less weight, and stands in the link', () => {
  const state = parseState({ q: 'dog', like: ['a-1', 'b-2'], unlike: 'c-0' })
  expect(toClauses(state)).toEqual([{ text: 'dog' }, { object_id: 'a-1', weight: 0.5 }, { object_id: 'b-2', weight: 0.5 }, { object_id: 'c-0', weight: -0.5 }])
  expect(formatState(state)).toEqual({ q: 'dog', like: ['a-1', 'b-2'], unlike: 'c-0' })
})

it('asks for nothing where all that is known is what is wrong', () => {
  expect(toClauses(parseState({ unlike: 'c-0' }))).toEqual([])
})
