import { computed, ref, shallowRef, watch, type CSSProperties, type Ref } from 'vue'
import { useElementSize, useEventListener } from '@vueuse/core'
import type { Point, Size } from '@/lib/geometry'
import { FITTED, clampView, fitSize, maxScale, pan, zoomAt, type View } from './zoomView'

const ZOOM_STEP = 1.4 // one press of a key or button
const WHEEL_STEP = 0.0022 // per pixel of the wheel
const PAN_STEP = 64 // CSS pixels, one press of an arrow
const SWIPE = { along: 60, down: 90 } // CSS pixels a finger goes before it turns or closes
const DRAG_THRESHOLD = 4 // CSS pixels a pointer may move before it drags

export type Swipe = 'left' | 'right' | 'down'

/**
 * Zooming and moving a picture on its stage by wheel, fingers, mouse and keys.
 *
 * The picture is laid out at its zoomed size rather than transformed, so strokes and words on it keep theirs.
 * A finger swept over a picture that is not zoomed calls `swipe`.
 */
export function useZoom(stage: Readonly<Ref<HTMLElement | null>>, picture: Ref<Size | null>, swipe: (to: Swipe) => void) {
  const element = useElementSize(stage)
  const view = shallowRef<View>(FITTED)
  const pointers = new Map<number, Point>()
  const dragged = ref(false)

  const stageSize = computed<Size>(() => ({ width: element.width.value, height: element.height.value }))
  const fit = computed<Size | null>(() =>
    picture.value && stageSize.value.width > 0 ? fitSize(picture.value, stageSize.value) : null,
  )
  const limit = computed(() => (picture.value && fit.value ? maxScale(picture.value, fit.value) : 1))
  const zoomedIn = computed(() => view.value.scale > 1.001)

  function show(next: View): void {
    if (fit.value) view.value = clampView(next, fit.value, stageSize.value, limit.value)
  }

  watch([fit, limit], () => show(view.value))

  /** A place on the screen, from the middle of the stage. */
  function fromMiddle(client: Point): Point {
    const rect = stage.value!.getBoundingClientRect()
    return { x: client.x - rect.left - rect.width / 2, y: client.y - rect.top - rect.height / 2 }
  }

  const pointOf = (event: PointerEvent | WheelEvent): Point => ({ x: event.clientX, y: event.clientY })
  const middle = () => {
    const all = [...pointers.values()]
    return { x: all.reduce((s, p) => s + p.x, 0) / all.length, y: all.reduce((s, p) => s + p.y, 0) / all.length }
  }
  const spread = () => {
    const [a, b] = [...pointers.values()]
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0
  }

  let pressedAt: Point = { x: 0, y: 0 }
  let pinched = false // since the first finger came down

  useEventListener(stage, 'wheel', (event: WheelEvent) => {
    event.preventDefault()
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1
    show(zoomAt(view.value, Math.exp(-event.deltaY * lines * WHEEL_STEP), fromMiddle(pointOf(event))))
  }, { passive: false })

  useEventListener(stage, 'pointerdown', (event: PointerEvent) => {
    if (event.button !== 0) return
    if (pointers.size === 0) {
      dragged.value = false
      pinched = false
      pressedAt = pointOf(event)
    }
    pointers.set(event.pointerId, pointOf(event))
    if (pointers.size > 1) pinched = true
  })

  useEventListener(window, 'pointermove', (event: PointerEvent) => {
    if (!pointers.has(event.pointerId)) return
    const [before, distance] = [middle(), spread()]
    pointers.set(event.pointerId, pointOf(event))
    const now = middle()
    if (pointers.size > 1 || Math.hypot(now.x - pressedAt.x, now.y - pressedAt.y) > DRAG_THRESHOLD) dragged.value = true
    if (!dragged.value) return
    const factor = distance > 0 ? spread() / distance : 1
    show(pan(zoomAt(view.value, factor, fromMiddle(before)), now.x - before.x, now.y - before.y))
  })

  function release(event: PointerEvent): void {
    if (!pointers.delete(event.pointerId) || event.pointerType !== 'touch' || pinched || zoomedIn.value) return
    const [dx, dy] = [event.clientX - pressedAt.x, event.clientY - pressedAt.y]
    if (Math.abs(dx) > SWIPE.along && Math.abs(dx) > 1.5 * Math.abs(dy)) swipe(dx < 0 ? 'left' : 'right')
    else if (dy > SWIPE.down && dy > 1.5 * Math.abs(dx)) swipe('down')
  }

  useEventListener(window, 'pointerup', release)
  useEventListener(window, 'pointercancel', (event: PointerEvent) => pointers.delete(event.pointerId))

  const by = (factor: number) => show(zoomAt(view.value, factor, { x: 0, y: 0 }))
  const whole = () => show(FITTED)
  const zoomIn = () => by(ZOOM_STEP)
  const zoomOut = () => by(1 / ZOOM_STEP)

  /** + and - zoom, 0 fits, arrows move while zoomed. Whether the key was handled. */
  function key(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false
    if (event.key === '+' || event.key === '=') zoomIn()
    else if (event.key === '-') zoomOut()
    else if (event.key === '0') whole()
    else {
      const direction = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key]
      if (!direction || !zoomedIn.value) return false
      show(pan(view.value, direction[0]! * PAN_STEP, direction[1]! * PAN_STEP))
    }
    return true
  }

  const place = computed<CSSProperties>(() => {
    if (!fit.value) return {}
    const { scale, x, y } = view.value
    const [width, height] = [fit.value.width * scale, fit.value.height * scale]
    const [left, top] = [(stageSize.value.width - width) / 2 + x, (stageSize.value.height - height) / 2 + y]
    return { width: `${width}px`, height: `${height}px`, left: `${left}px`, top: `${top}px` }
  })

  return { view, place, zoomedIn, limit, dragged, key, zoomIn, zoomOut, whole }
}
