import { ref, watch, type Ref } from 'vue'
import { useDebounceFn } from '@vueuse/core'
import type { Box } from '@/api/types'
import { boxBetween, centreBox, isLargeEnough, moveBox, resizeBox, type Grip, type Point, type Size } from '@/lib/geometry'

const DRAG_THRESHOLD = 5 // CSS pixels a pointer may move before it draws
const SETTLE_MS = 400 // after the last arrow key, before it is searched

/**
 * One box on a picture that a person draws, moves and resizes, by pointer or by keys.
 *
 * `draft` is the box while it changes; `commit` is called when a change is finished, with whether the chosen
 * box was moved rather than a new one drawn.
 */
export function useBoxEditor(size: Ref<Size>, chosen: Ref<Box | null>, commit: (box: Box, moved: boolean) => void) {
  const draft = ref<Box | null>(null)
  const busy = ref(false)
  let start: { point: Point; client: Point; box: Box | null; grip: Grip | 'draw' } | null = null

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
    start = {
      point: pointIn(surface, event),
      client: { x: event.clientX, y: event.clientY },
      box: draft.value ?? chosen.value,
      grip,
    }
  }

  function drag(surface: Element, event: PointerEvent): void {
    if (!start) return
    const far = Math.hypot(event.clientX - start.client.x, event.clientY - start.client.y) > DRAG_THRESHOLD
    if (!busy.value && !far) return
    if (!busy.value) {
      busy.value = true
      surface.setPointerCapture(event.pointerId)
    }
    const point = pointIn(surface, event)
    if (start.grip === 'draw') draft.value = boxBetween(start.point, point, size.value)
    else if (start.box) {
      draft.value = resizeBox(start.box, start.grip, point.x - start.point.x, point.y - start.point.y, size.value)
    }
  }

  function release(): void {
    const drawn = draft.value
    const dragged = busy.value
    const moved = start?.grip !== 'draw'
    start = null
    busy.value = false
    if (!dragged) return
    if (drawn && isLargeEnough(drawn)) commit(drawn, moved)
    else draft.value = null
  }

  /** Gives up the change that is under way. */
  function cancel(): boolean {
    const had = draft.value !== null
    start = null
    busy.value = false
    draft.value = null
    return had
  }

  const commitSettled = useDebounceFn(() => {
    if (draft.value && isLargeEnough(draft.value)) commit(draft.value, true)
  }, SETTLE_MS)

  /** Arrows move by a hundredth of the picture, with Shift they move the right and lower sides. Whether the key was handled. */
  function key(event: KeyboardEvent): boolean {
    const box = draft.value ?? chosen.value
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
    if (event.key === 'Escape') return cancel()
    if (!direction || !box) return false
    const dx = direction[0]! * Math.max(1, size.value.width / 100)
    const dy = direction[1]! * Math.max(1, size.value.height / 100)
    draft.value = event.shiftKey ? resizeBox(box, 'se', dx, dy, size.value) : moveBox(box, dx, dy, size.value)
    void commitSettled()
    return true
  }

  /** A box to begin with for those who do not draw with a pointer. */
  function begin(): void {
    draft.value = centreBox(size.value)
    commit(draft.value, false)
  }

  return { draft, busy, press, drag, release, cancel, key, begin }
}
