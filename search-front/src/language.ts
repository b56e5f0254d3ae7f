import { createI18n } from 'vue-i18n'
import en from './locales/en.json'
import zhCN from './locales/zh-CN.json'

export const LANGUAGES = ['en', 'zh-CN'] as const
export type Language = (typeof LANGUAGES)[number]

const NAME = 'boxlens.language'

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
  locale: preferredLanguage(localStorage.getItem(NAME), navigator.languages),
  fallbackLocale: 'en',
  messages: { en, 'zh-CN': zhCN },
})

export function speak(language: Language): void {
  i18n.global.locale.value = language
  localStorage.setItem(NAME, language)
  document.documentElement.lang = language
}

document.documentElement.lang = i18n.global.locale.value
