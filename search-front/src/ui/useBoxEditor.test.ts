import { describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import type { Box } from '@/api/types'
import { mounted } from '@/testing/mounting'
import { useBoxEditor } from './useBoxEditor'

describe('the box editor', () => {
  const key = (name: string, shift = false) => new KeyboardEvent('keydown', { key: name, shiftKey: shift })

  it('moves with arrows, resizes with Shift, searches once they rest, and undoes with Escape', async () => {
    vi.useFakeTimers()
    const commit = vi.fn<(box: Box, moved: boolean) => void>()
    const { result: editor } = await mounted(() =>
      useBoxEditor(ref({ width: 200, height: 100 }), ref<Box | null>([10, 10, 50, 50]), commit),
    )
    editor.key(key('ArrowRight'))
    editor.key(key('ArrowDown', true))
    expect(editor.draft.value).toEqual([12, 10, 52, 51])
    expect(commit).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1000)
    expect(commit).toHaveBeenCalledExactlyOnceWith([12, 10, 52, 51], true)
    expect(editor.key(key('Escape'))).toBe(true)
    expect(editor.draft.value).toBeNull()
    expect(editor.key(key('Escape'))).toBe(false)
    expect(editor.key(key('a'))).toBe(false)
    vi.useRealTimers()
  })

  it('draws with a pointer in picture pixels, and takes a slip for a click', async () => {
    const commit = vi.fn<(box: Box, moved: boolean) => void>()
    const { result: editor } = await mounted(() => useBoxEditor(ref({ width: 200, height: 100 }), ref<Box | null>(null), commit))
    const surface = document.createElement('div')
    surface.getBoundingClientRect = () => ({ left: 0, top: 0, width: 100, height: 50 }) as DOMRect
    surface.setPointerCapture = () => undefined
    const at = (x: number, y: number) => new PointerEvent('pointermove', { clientX: x, clientY: y, button: 0 })
    editor.press(surface, at(10, 10), 'draw')
    editor.drag(surface, at(12, 11))
    editor.release()
    expect(commit).not.toHaveBeenCalled()
    editor.press(surface, at(10, 10), 'draw')
    editor.drag(surface, at(60, 40))
    editor.release()
    expect(commit).toHaveBeenCalledExactlyOnceWith([20, 20, 120, 80], false)
  })
})
