import { ref, watch, type Ref } from 'vue'
import { useDebounceFn } from '@vueuse/core'
import type { Box } from '@/api/types'
import { bigEnough, boxBetween, middleBox, movedBox, pulledBox, type Grip, type Point, type Size } from '@/geometry'

const SLIP = 5 // CSS pixels a finger may move before it draws
const SETTLE_MS = 400 // after the last arrow key, before it is searched

/**
 * One box on a picture that a person draws, moves and pulls, by pointer or by keys.
 *
 * `draft` is the box while it changes; `commit` is told when a change is finished, and whether it was the chosen box
 * that was moved or a new one that was drawn.
 */
export function useBoxEditor(size: Ref<Size>, chosen: Ref<Box | null>, commit: (box: Box, moved: boolean) => void) {
  const draft = ref<Box | null>(null)
  const busy = ref(false)
  let from: { point: Point; client: Point; box: Box | null; grip: Grip | 'draw' } | null = null

  watch(chosen, () => {
    if (!busy.value) draft.value = null
  })

  /** A pointer event in pixels of the picture. */
  function pointIn(surface: Element, event: PointerEvent): Point {
    const rect = surface.getBoundingClientRect()
    return {
      x: ((event.clientX - rect.left) / rect.width) * size.value.width,
      y: ((event.clientY - rect.top) / rect.height) * size.value.height,
    }
  }

  function press(surface: Element, event: PointerEvent, grip: Grip | 'draw'): void {
    if (event.button !== 0) return
    from = {
      point: pointIn(surface, event),
      client: { x: event.clientX, y: event.clientY },
      box: draft.value ?? chosen.value,
      grip,
    }
  }

  function drag(surface: Element, event: PointerEvent): void {
    if (!from) return
    const far = Math.hypot(event.clientX - from.client.x, event.clientY - from.client.y) > SLIP
    if (!busy.value && !far) return
    if (!busy.value) {
      busy.value = true
      surface.setPointerCapture(event.pointerId)
    }
    const point = pointIn(surface, event)
    if (from.grip === 'draw') draft.value = boxBetween(from.point, point, size.value)
    else if (from.box) {
      draft.value = pulledBox(from.box, from.grip, point.x - from.point.x, point.y - from.point.y, size.value)
    }
  }

  function release(): void {
    const drawn = draft.value
    const dragged = busy.value
    const moved = from?.grip !== 'draw'
    from = null
    busy.value = false
    if (!dragged) return
    if (drawn && bigEnough(drawn)) commit(drawn, moved)
    else draft.value = null
  }

  /** Gives up the change that is under way. */
  function cancel(): boolean {
    const had = draft.value !== null
    from = null
    busy.value = false
    draft.value = null
    return had
  }

  const settle = useDebounceFn(() => {
    if (draft.value && bigEnough(draft.value)) commit(draft.value, true)
  }, SETTLE_MS)

  /** Arrows move by a hundredth of the picture, with Shift they pull the right and lower sides. */
  function key(event: KeyboardEvent): boolean {
    const box = draft.value ?? chosen.value
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
    if (event.key === 'Escape') return cancel()
    if (!way || !box) return false
    const dx = way[0]! * Math.max(1, size.value.width / 100)
    const dy = way[1]! * Math.max(1, size.value.height / 100)
    draft.value = event.shiftKey ? pulledBox(box, 'se', dx, dy, size.value) : movedBox(box, dx, dy, size.value)
    void settle()
    return true
  }

  /** A box to begin with for those who do not draw with a pointer. */
  function begin(): void {
    draft.value = middleBox(size.value)
    commit(draft.value, false)
  }

  return { draft, busy, press, drag, release, cancel, key, begin }
}
