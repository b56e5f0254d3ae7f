// Set up before each file of tests: in those of the page both languages are there at once.
if (typeof document !== 'undefined') {
  const { LANGUAGES, loadLanguage } = await import('@/i18n/language')
  await Promise.all(LANGUAGES.map(loadLanguage))
}

export {}
