import type { PageState } from './composables/useUrlState'

type Relevance = PageState['relevance']

/** From half on a hit is not marked as weak. */
export const STRICT = 0.5

/** What most people choose between; any other least relevance is their own. */
export const STEPS = [
  { name: 'auto', relevance: 'auto' },
  { name: 'all', relevance: 'all' },
  { name: 'strict', relevance: STRICT },
] as const satisfies readonly { name: string; relevance: Relevance }[]

export function stepOf(relevance: Relevance): 'auto' | 'all' | 'strict' | 'own' {
  return STEPS.find((step) => step.relevance === relevance)?.name ?? 'own'
}
