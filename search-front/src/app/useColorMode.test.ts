import { beforeEach, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { mounted } from '@/testing/mounting'
import { useColorMode } from './useColorMode'

beforeEach(() => localStorage.clear())

it('follows the system until a person chooses, and again when the choice is that of the system', async () => {
  const { result } = await mounted(useColorMode)
  const root = document.documentElement
  expect(root.dataset.look).toBe('light')
  result.toggle()
  await nextTick()
  expect(root.dataset.look).toBe('dark')
  expect(localStorage.getItem('boxlens.look')).toBe('dark')
  result.toggle()
  await nextTick()
  expect(root.dataset.look).toBe('light')
  expect(localStorage.getItem('boxlens.look')).toBe('auto')
})
