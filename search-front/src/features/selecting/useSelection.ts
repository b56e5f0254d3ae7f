import { computed, ref, shallowRef, watch, type Ref } from 'vue'

export const MAX_SELECTED = 1000 // pictures that the service takes at once

/** Which of the listed pictures are selected; null where none are being selected. `order` is how they stand on the page. */
export function useSelection(order: Ref<readonly string[]>) {
  const active = ref(false)
  const chosen = shallowRef<ReadonlySet<string>>(new Set())
  let anchor: string | null = null // the last one chosen by itself, where a range begins

  /** Those of them that are still listed, as they stand there. */
  const ids = computed(() => order.value.filter((id) => chosen.value.has(id)))

  function put(next: Iterable<string>): void {
    chosen.value = new Set([...next].slice(0, MAX_SELECTED))
  }

  /** Selects one picture or takes it out; as a range all from the last one to it become what it becomes. */
  function toggle(id: string, range: boolean): void {
    const selects = !chosen.value.has(id)
    const [from, to] = [order.value.indexOf(anchor ?? ''), order.value.indexOf(id)].toSorted((a, b) => a - b)
    const touched = range && from! >= 0 ? order.value.slice(from, to! + 1) : [id]
    const next = new Set(chosen.value)
    for (const one of touched) {
      if (selects) next.add(one)
      else next.delete(one)
    }
    put(next)
    if (!range) anchor = id
  }

  const all = () => put(order.value)
  const none = () => put([])

  watch(active, () => {
    none()
    anchor = null
  })

  return { active, ids, chosen, toggle, all, none }
}

export type Selection = ReturnType<typeof useSelection>
