import { computed, ref, shallowRef, watch, type CSSProperties, type Ref } from 'vue'
import { useElementSize, useEventListener } from '@vueuse/core'
import type { Point, Size } from '@/geometry'
import { FITTED, deepest, fitted, held, moved, zoomed, type View } from '@/view'

const STEP = 1.4 // one press of a key or button
const WHEEL = 0.0022 // per pixel of the wheel
const PAN = 64 // CSS pixels, one press of an arrow
const SLIP = 4 // CSS pixels a finger may move before it drags

/**
 * Zooming and moving a picture on its stage by wheel, fingers, mouse and keys.
 *
 * The picture is laid out at its zoomed size rather than transformed, so strokes and words on it keep theirs.
 */
export function useZoom(stage: Readonly<Ref<HTMLElement | null>>, picture: Ref<Size | null>) {
  const room = useElementSize(stage)
  const view = shallowRef<View>(FITTED)
  const fingers = new Map<number, Point>()
  const dragged = ref(false)

  const stageSize = computed<Size>(() => ({ width: room.width.value, height: room.height.value }))
  const fit = computed<Size | null>(() =>
    picture.value && stageSize.value.width > 0 ? fitted(picture.value, stageSize.value) : null,
  )
  const most = computed(() => (picture.value && fit.value ? deepest(picture.value, fit.value) : 1))
  const deep = computed(() => view.value.scale > 1.001)

  function show(next: View): void {
    if (fit.value) view.value = held(next, fit.value, stageSize.value, most.value)
  }

  watch([fit, most], () => show(view.value))

  /** A place on the screen, from the middle of the stage. */
  function fromMiddle(client: Point): Point {
    const rect = stage.value!.getBoundingClientRect()
    return { x: client.x - rect.left - rect.width / 2, y: client.y - rect.top - rect.height / 2 }
  }

  const pointOf = (event: PointerEvent | WheelEvent): Point => ({ x: event.clientX, y: event.clientY })
  const middle = () => {
    const all = [...fingers.values()]
    return { x: all.reduce((s, p) => s + p.x, 0) / all.length, y: all.reduce((s, p) => s + p.y, 0) / all.length }
  }
  const spread = () => {
    const [a, b] = [...fingers.values()]
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0
  }

  let pressedAt: Point = { x: 0, y: 0 }

  useEventListener(stage, 'wheel', (event: WheelEvent) => {
    event.preventDefault()
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1
    show(zoomed(view.value, Math.exp(-event.deltaY * lines * WHEEL), fromMiddle(pointOf(event))))
  }, { passive: false })

  useEventListener(stage, 'pointerdown', (event: PointerEvent) => {
    if (event.button !== 0) return
    if (fingers.size === 0) {
      dragged.value = false
      pressedAt = pointOf(event)
    }
    fingers.set(event.pointerId, pointOf(event))
  })

  useEventListener(window, 'pointermove', (event: PointerEvent) => {
    if (!fingers.has(event.pointerId)) return
    const [before, apart] = [middle(), spread()]
    fingers.set(event.pointerId, pointOf(event))
    const now = middle()
    if (fingers.size > 1 || Math.hypot(now.x - pressedAt.x, now.y - pressedAt.y) > SLIP) dragged.value = true
    if (!dragged.value) return
    const grown = apart > 0 ? spread() / apart : 1
    show(moved(zoomed(view.value, grown, fromMiddle(before)), now.x - before.x, now.y - before.y))
  })

  const lift = (event: PointerEvent) => fingers.delete(event.pointerId)
  useEventListener(window, 'pointerup', lift)
  useEventListener(window, 'pointercancel', lift)

  const by = (factor: number) => show(zoomed(view.value, factor, { x: 0, y: 0 }))
  const whole = () => show(FITTED)
  const zoomIn = () => by(STEP)
  const zoomOut = () => by(1 / STEP)

  /** Whether the key was one of ours: + and - zoom, 0 fits, arrows move while zoomed. */
  function key(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false
    if (event.key === '+' || event.key === '=') zoomIn()
    else if (event.key === '-') zoomOut()
    else if (event.key === '0') whole()
    else {
      const way = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key]
      if (!way || !deep.value) return false
      show(moved(view.value, way[0]! * PAN, way[1]! * PAN))
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

  return { view, place, deep, most, dragged, key, zoomIn, zoomOut, whole }
}
