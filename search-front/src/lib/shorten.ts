const MAX_WORDS = 80 // characters that a heading or a title bears

/** Words as a heading shows them: cut where they are too long, at the end of a character. */
export function shorten(words: string, most = MAX_WORDS): string {
  const characters = [...words]
  return characters.length > most ? `${characters.slice(0, most - 1).join('').trimEnd()}…` : words
}
