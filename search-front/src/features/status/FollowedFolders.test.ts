import { mount } from '@vue/test-utils'
import { VueQueryPlugin } from '@tanstack/vue-query'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createQueryClient } from '@/api/queryClient'
import type { Followed } from '@/api/types'
import { i18n } from '@/i18n/language'
import { settled } from '@/testing/mounting'
import FollowedFolders from './FollowedFolders.vue'

const family: Followed = {
  id: 7, folder: '/pictures/family', collection: 'home', gone: 'mark', state: 'waiting', paused: false, polling: false, quiet: '', pending: 12, problem: '',
  last_sync: {
    at: '2026-11-28T21:14:03Z', new: 3, changed: 0, moved: 1, copied: 0, name_gone: 0, gone: 0, unchanged: 4120, failed: 0, deleted: 0, unsettled: 0, interrupted: false,
  },
}

/** The list as the service answers it; `patch` answers a pause. */
async function shown(folders: Followed[], patch: (paused: boolean) => Response = (paused) => Response.json({ ...folders[0], paused, state: paused ? 'paused' : 'waiting' })) {
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    if (path === '/v1/following') return Response.json({ folders })
    expect([path, init.method]).toEqual(['/v1/following/7', 'PATCH'])
    return patch((JSON.parse(init.body as string) as { paused: boolean }).paused)
  })
  const view = mount(FollowedFolders, { global: { plugins: [i18n, [VueQueryPlugin, { queryClient: createQueryClient() }]] } })
  await settled()
  return (id: string) => view.find(`[data-testid=${id}]`)
}

afterEach(() => vi.unstubAllGlobals())

describe('followed folders', () => {
  it('tell where they go, what waits and what the last round found, without what it did not', async () => {
    const part = await shown([family])
    expect(part('followed-state').text()).toMatch(/home.*12/)
    expect(part('followed-round').text()).toMatch(/3.*1.*4[,.]?120/)
    expect(part('followed-round').text().split(' · ')).toHaveLength(4) // its day, new, moved, unchanged
  })

  it('are paused and resumed', async () => {
    const part = await shown([family])
    const state = part('followed-state').text()
    for (const [label, same] of [[/family/, false], [/family/, true]] as const) {
      expect(part('followed-pause').attributes('aria-label')).toMatch(label)
      await part('followed-pause').trigger('click')
      await settled()
      expect(part('followed-state').text() === state).toBe(same)
    }
  })

  it('say that a pause was refused and stay as they are', async () => {
    const part = await shown([family], () => Response.json({ code: 'forbidden', detail: 'no' }, { status: 403 }))
    const state = part('followed-state').text()
    await part('followed-pause').trigger('click')
    await settled()
    expect(part('problem').attributes('data-code')).toBe('forbidden')
    expect(part('followed-state').text()).toBe(state)
  })

  it('are not spoken of where there are none', async () => {
    const part = await shown([])
    expect(part('following').exists()).toBe(false)
    expect(part('problem').exists()).toBe(false)
  })
})
