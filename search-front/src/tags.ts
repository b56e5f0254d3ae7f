/** Tags typed in one field: parted by commas of either script or by lines, each once. */
export function tagsIn(text: string): string[] {
  return [...new Set(text.split(/[,，、\n]/).map((tag) => tag.trim()).filter(Boolean))]
}
