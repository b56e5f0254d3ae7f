import { createI18n } from 'vue-i18n'

export const LANGUAGES = ['en', 'zh-CN'] as const
export type Language = (typeof LANGUAGES)[number]

const STORAGE_KEY = 'boxlens.language'

/** The texts of each language, fetched when it is first spoken. */
const TEXTS = {
  en: () => import('./locales/en.json'),
  'zh-CN': () => import('./locales/zh-CN.json'),
}

/** The chosen language, or the first of the browser's that the page speaks. */
export function preferredLanguage(chosen: string | null, browser: readonly string[]): Language {
  if (LANGUAGES.includes(chosen as Language)) return chosen as Language
  for (const tag of browser) {
    const primary = tag.toLowerCase().split('-')[0]
    if (primary === 'zh') return 'zh-CN'
    if (primary === 'en') return 'en'
  }
  return 'en'
}

export const i18n = createI18n({
  legacy: false,
  locale: preferredLanguage(localStorage.getItem(STORAGE_KEY), navigator.languages),
  fallbackLocale: false, // the languages have the same keys
  messages: {} as Record<Language, Awaited<ReturnType<(typeof TEXTS)['en']>>['default']>,
})

/** Fetches the texts of a language unless they are there. */
export async function loadLanguage(language: Language): Promise<void> {
  if (i18n.global.availableLocales.includes(language)) return
  i18n.global.setLocaleMessage(language, (await TEXTS[language]()).default)
}

/** Speaks another language, once its texts are there. */
export async function setLanguage(language: Language): Promise<void> {
  await loadLanguage(language)
  i18n.global.locale.value = language
  localStorage.setItem(STORAGE_KEY, language)
  document.documentElement.lang = language
}

document.documentElement.lang = i18n.global.locale.value
