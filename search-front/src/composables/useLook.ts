import { computed, watch } from 'vue'
import { usePreferredDark, useStorage } from '@vueuse/core'

export type Look = 'auto' | 'light' | 'dark'

/** Light or dark: as the system says, until a person chooses. */
export function useLook() {
  const wish = useStorage<Look>('boxlens.look', 'auto')
  const systemDark = usePreferredDark()
  const dark = computed(() => (wish.value === 'auto' ? systemDark.value : wish.value === 'dark'))
  watch(dark, (on) => (document.documentElement.dataset.look = on ? 'dark' : 'light'), { immediate: true })

  /** To the other look; coming back to what the system says means following it again. */
  function toggle(): void {
    const next = !dark.value
    wish.value = next === systemDark.value ? 'auto' : next ? 'dark' : 'light'
  }
  return { dark, toggle }
}
