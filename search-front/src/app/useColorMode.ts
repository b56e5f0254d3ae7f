import { computed } from 'vue'
import { useColorMode as useStoredColorMode } from '@vueuse/core'

/** Light or dark: as the system says, until a person chooses. */
export function useColorMode() {
  const mode = useStoredColorMode({
    attribute: 'data-look',
    storageKey: 'boxlens.look',
    disableTransition: false, // it would put a style into the page, which the content security policy forbids
  })
  const dark = computed(() => mode.state.value === 'dark')

  /** To the other mode; the one the system is in means following the system again. */
  function toggle(): void {
    const other = dark.value ? 'light' : 'dark'
    mode.store.value = other === mode.system.value ? 'auto' : other
  }

  return { dark, toggle }
}
