// A minus before a word or before words in quotes; one inside a word, as in T-shirt, is none.
const EXCLUDED = /(^|\s)[-−－](?:"([^"]+)"|([^\s"\-−－][^\s"]*))/g

/** Words to look for and words to exclude: `dog -cat -"red car"`. */
export function parseTypedQuery(text: string): { words: string; without: string[] } {
  const without: string[] = []
  const words = text.replace(EXCLUDED, (_, lead: string, quoted?: string, bare?: string) => {
    without.push((quoted ?? bare ?? '').trim())
    return lead
  })
  return { words: words.replace(/\s+/g, ' ').trim(), without: without.filter(Boolean) }
}
