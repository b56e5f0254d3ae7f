import type { PageState } from './pageState'

type Relevance = PageState['relevance']

/** From half on a hit is not called weak. */
export const STRICT = 0.5

/** The named choices of the least relevance; any other number is "own". */
export const STEPS = [
  { name: 'auto', relevance: 'auto' },
  { name: 'all', relevance: 'all' },
  { name: 'strict', relevance: STRICT },
] as const satisfies readonly { name: string; relevance: Relevance }[]

export function stepOf(relevance: Relevance): 'auto' | 'all' | 'strict' | 'own' {
  return STEPS.find((step) => step.relevance === relevance)?.name ?? 'own'
}
