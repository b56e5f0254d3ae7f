import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import type { StoredImage } from '@/api/types'
import { i18n } from '@/i18n/language'
import { aHit } from '@/testing/fixtures'
import PictureFacts from './PictureFacts.vue'

function shown(fields: Partial<StoredImage>) {
  const picture: StoredImage = { ...aHit('a'), objects: [], corrections: [], ...fields }
  const view = mount(PictureFacts, { props: { picture }, global: { plugins: [i18n] } })
  return (id: string) => view.findAll(`[data-testid=${id}] li`).map((line) => line.text())
}

it('other names and places of the same bytes are told', () => {
  const listed = shown({ other_names: ['<b>.jpg', '猫.jpg'], other_sources: ['/old/a.jpg'] })
  expect(listed('other-names')).toEqual(['<b>.jpg', '猫.jpg'])
  expect(listed('other-places')).toEqual(['/old/a.jpg'])
})

it('a picture that lies at one place alone has no line of others', () => {
  const listed = shown({})
  expect([...listed('other-names'), ...listed('other-places')]).toEqual([])
})
