/** Stored objects that a person said to be what was looked for, or not. */
export type MarkKind = 'like' | 'unlike'

export type Marks = Record<MarkKind, string[]>

export function withoutMark({ like, unlike }: Marks, objectId: string): Marks {
  const others = (ids: string[]) => ids.filter((id) => id !== objectId)
  return { like: others(like), unlike: others(unlike) }
}

/** The marks with this one put in, in place of another of the same object. */
export function withMark(marks: Marks, kind: MarkKind, objectId: string): Marks {
  const others = withoutMark(marks, objectId)
  return { ...others, [kind]: [...others[kind], objectId] }
}
