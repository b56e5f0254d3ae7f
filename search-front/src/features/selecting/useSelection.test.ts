import { describe, expect, it } from 'vitest'
import { nextTick, ref } from 'vue'
import { MAX_SELECTED, useSelection } from './useSelection'

const pictures = (count: number) => Array.from({ length: count }, (_, i) => `p${i}`)

describe('a selection', () => {
  it('takes ranges from the last one that was chosen by itself, in either direction', () => {
    const selection = useSelection(ref(pictures(8)))
    selection.toggle('p4', false)
    selection.toggle('p6', true)
    expect(selection.ids.value).toEqual(['p4', 'p5', 'p6'])
    selection.toggle('p2', true)
    expect(selection.ids.value).toEqual(['p2', 'p3', 'p4', 'p5', 'p6'])
    selection.toggle('p4', false)
    selection.toggle('p6', true) // is selected: so the range is taken out
    expect(selection.ids.value).toEqual(['p2', 'p3'])
  })

  it('begins a range at the picture itself where nothing was chosen before', () => {
    const selection = useSelection(ref(pictures(3)))
    selection.toggle('p1', true)
    expect(selection.ids.value).toEqual(['p1'])
  })

  it('holds what is still listed, and no more than the service takes', () => {
    const order = ref(pictures(MAX_SELECTED + 5))
    const selection = useSelection(order)
    selection.all()
    expect(selection.ids.value).toHaveLength(MAX_SELECTED)
    order.value = ['p3', 'other', 'p1']
    expect(selection.ids.value).toEqual(['p3', 'p1'])
  })

  it('is forgotten when selecting ends', async () => {
    const selection = useSelection(ref(pictures(3)))
    selection.active.value = true
    await nextTick()
    selection.all()
    selection.active.value = false
    await nextTick()
    expect(selection.ids.value).toEqual([])
  })
})
