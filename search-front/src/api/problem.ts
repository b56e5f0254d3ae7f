/** Codes the page itself adds to those of the server. */
export type LocalCode = 'offline' | 'timeout' | 'upload_gone'

/** The most that is taken, of what there was too much of. */
export type Limits = Partial<Record<'bytes' | 'pixels' | 'characters' | 'items', number>>

/** What went wrong, in the words of problem+json. `code` is what the page translates; `detail` is the server's own. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly detail = '',
    readonly hint = '',
    readonly limits: Limits = {},
  ) {
    super(detail || code)
    this.name = 'Problem'
  }
}

const CODE_OF_STATUS: Record<number, string> = {
  401: 'denied',
  403: 'denied',
  404: 'not_found',
  413: 'too_large',
  415: 'unsupported_type',
  422: 'bad_input',
  429: 'busy',
  502: 'offline', // a proxy in between answers for a server that is away
  503: 'unavailable',
  504: 'timeout',
  507: 'disk_full',
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** A failed response as a Problem; bodies that are not problem+json are read by their status alone. */
export async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null)
  const fields = (body !== null && typeof body === 'object' ? body : {}) as Record<string, unknown>
  const code = text(fields.code) || CODE_OF_STATUS[response.status] || 'internal'
  return new Problem(code, response.status, text(fields.detail), text(fields.hint), (fields.limits ?? {}) as Limits)
}

/** Anything thrown as a Problem; an abort by the caller is passed on, as nobody waits for it. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof DOMException && error.name === 'AbortError') throw error
  if (error instanceof DOMException && error.name === 'TimeoutError') return new Problem('timeout', 0)
  if (error instanceof TypeError) return new Problem('offline', 0)
  return new Problem('internal', 0, error instanceof Error ? error.message : '')
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}
