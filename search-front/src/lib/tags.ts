/** Tags typed in one field: separated by commas of either script or by lines, each once. */
export function parseTags(text: string): string[] {
  return [...new Set(text.split(/[,，、\n]/).map((tag) => tag.trim()).filter(Boolean))]
}
