/** How far a request has come; idle while nothing is asked. */
export type Phase = 'idle' | 'loading' | 'done' | 'error'

const PHASES = { pending: 'loading', success: 'done', error: 'error' } as const

/** The phase of a query by its status. */
export const phaseOf = (status: keyof typeof PHASES): Phase => PHASES[status]
