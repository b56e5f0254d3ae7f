import { mount } from '@vue/test-utils'
import { nextTick } from 'vue'
import { expect, it } from 'vitest'
import type { Total } from '@/api/types'
import { i18n } from '@/i18n/language'
import { settled } from '@/testing/mounting'
import SelectionBar from './SelectionBar.vue'
import { MAX_SELECTED } from './useSelection'

/** What the bar says after all results were asked for. */
async function afterAll(whole: boolean, total: Total | null) {
  const view = mount(SelectionBar, {
    props: { collection: 'c', ids: [] as string[], selectAll: chosen, total, remove: async () => null },
    global: { plugins: [i18n] },
  })
  async function chosen(): Promise<boolean> {
    await view.setProps({ ids: Array.from({ length: MAX_SELECTED }, (_, i) => `p${i}`) })
    return whole
  }
  await view.get('[data-testid=select-all]').trigger('click')
  await settled()
  return { view, said: () => view.get('[data-testid=selection-said]').text() }
}

it.each<[string, Total | null, RegExp]>([
  ['with the number of all', { value: 2345, relation: 'eq' }, /1.?000.*2.?345/],
  ['with how many there are at least', { value: 10_000, relation: 'gte' }, /1.?000.*10.?000/],
  ['where all are not counted in pictures', null, /1.?000/],
])('that only the first results are selected is said %s', async (_name, total, text) => {
  const { view, said } = await afterAll(false, total)
  expect(said()).toMatch(text)
  await view.get('[data-testid=select-none]').trigger('click')
  await nextTick()
  expect(said()).toBe('')
})

it('nothing is said where all results are selected', async () => {
  const { said } = await afterAll(true, { value: MAX_SELECTED, relation: 'eq' })
  expect(said()).toBe('')
})

it.each([
  ['selection-tag', 'selection-tags'],
  ['selection-album', 'selection-album-name'],
  ['selection-describe', 'selection-caption'],
  ['selection-export', 'export-corrected'],
])('what %s opens has the focus, and closing gives it back', async (opener, first) => {
  const view = mount(SelectionBar, {
    props: { collection: 'c', ids: ['p0'], selectAll: async () => true, total: null, remove: async () => null },
    global: { plugins: [i18n] },
    attachTo: document.body,
  })
  await view.get(`[data-testid=${opener}]`).trigger('click')
  await nextTick()
  expect(document.activeElement?.getAttribute('data-testid')).toBe(first)
  document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
  await nextTick()
  await nextTick()
  expect(document.activeElement?.getAttribute('data-testid')).toBe(opener)
  view.unmount()
})
