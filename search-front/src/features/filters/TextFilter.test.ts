import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { i18n } from '@/i18n/language'
import TextFilter from './TextFilter.vue'

it('a full field says how many characters it takes', async () => {
  const view = mount(TextFilter, { global: { plugins: [i18n] } })
  const field = view.get('[data-testid=text-filter]')
  await field.setValue('x'.repeat(199))
  expect(view.find('[data-testid=limit]').exists()).toBe(false)
  await field.setValue('x'.repeat(200))
  expect(view.get('[data-testid=limit]').text()).toContain('200')
})
