import { flushPromises, mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import { i18n } from '@/i18n/language'
import ExcludedTerms from './ExcludedTerms.vue'

it('a full field says how many characters it takes', async () => {
  const view = mount(ExcludedTerms, { props: { without: [], alone: false }, global: { plugins: [i18n] } })
  await view.get('[data-testid=without-add]').trigger('click')
  const field = view.get('[data-testid=without-field]')
  await field.setValue('x'.repeat(199))
  await flushPromises()
  expect(view.find('[data-testid=limit]').exists()).toBe(false)
  await field.setValue('x'.repeat(200))
  await vi.waitFor(() => expect(view.get('[data-testid=limit]').text()).toContain('200'), 60_000)
}, 90_000)
