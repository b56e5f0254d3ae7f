import { mount } from '@vue/test-utils'
import { VueQueryPlugin } from '@tanstack/vue-query'
import { createMemoryHistory, createRouter } from 'vue-router'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createQueryClient } from '@/api/queryClient'
import type { SavedSearch } from '@/api/types'
import { i18n } from '@/i18n/language'
import { settled } from '@/testing/mounting'
import SavedButton from './SavedButton.vue'
import SavedSheet from './SavedSheet.vue'

const cars: SavedSearch = {
  id: '0123456789abcdef', name: 'red cars', collection: 'home', link: 'q=red+car&c=home', tell: true, tell_apprise: true, made_at: '2026-11-28T21:14:03Z',
  checked_at: '2026-11-28T21:14:03Z', matches: 5, unseen: 3, problem: '',
}

/** The sheet over searches that the service keeps, and what it was sent. */
async function shown(searches: SavedSearch[], refuse = false, telling = true) {
  const sent: [string, string, unknown][] = []
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    const method = init?.method ?? 'GET'
    if (method === 'GET') return Response.json({ searches, telling, apprise: telling ? ['mailto'] : [] })
    sent.push([method, path, init.body ? JSON.parse(init.body as string) : null])
    if (refuse) return Response.json({ code: 'conflict', detail: 'taken' }, { status: 409 })
    if (path.endsWith('/seen')) searches = searches.map((search) => ({ ...search, unseen: 0 }))
    if (method === 'DELETE') searches = []
    return method === 'DELETE' ? new Response(null, { status: 204 }) : Response.json({ ...cars })
  })
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { render: () => null } }] })
  const plugins = [i18n, router, [VueQueryPlugin, { queryClient: createQueryClient() }]] as never[]
  const request = { collection: 'home', clauses: [{ text: 'dog' }], read_text: true }
  const view = mount(SavedSheet, { props: { request, words: 'dog', link: '/?q=dog&c=home' }, global: { plugins, stubs: { SheetDialog: { template: '<div><slot /></div>' } } } })
  const button = mount(SavedButton, { global: { plugins } })
  await settled()
  return { view, sent, router, button, part: (id: string) => view.find(`[data-testid=${id}]`) }
}

afterEach(() => vi.unstubAllGlobals())

describe('saved searches', () => {
  it('save what is searched under its words, with the whole query and its link', async () => {
    const { part, sent } = await shown([])
    await part('saved-tell').setValue(false)
    await part('save-search').trigger('submit')
    await settled()
    const query = { clauses: [{ text: 'dog' }], read_text: true }
    expect(sent).toEqual([['POST', '/v1/saved', { name: 'dog', collection: 'home', query, link: 'q=dog&c=home', tell: false, tell_apprise: true }]])
  })

  it('tell by e-mail or phone where the owner has set it up, unless it is switched off', async () => {
    const { part, sent } = await shown([])
    await part('saved-tell-apprise').setValue(false)
    await part('save-search').trigger('submit')
    await settled()
    expect(sent[0]?.[2]).toMatchObject({ tell: true, tell_apprise: false })
    const { part: quiet } = await shown([], false, false)
    expect([quiet('saved-tell').exists(), quiet('saved-tell-apprise').exists()]).toEqual([false, false])
  })

  it('count new pictures, and show them first and as seen once they are opened', async () => {
    const { part, sent, router, view, button } = await shown([cars])
    expect(button.find('[data-testid=saved-unseen]').text()).toBe('3')
    expect(part('saved-new').text()).toMatch(/3.*home/)
    await part('saved-open').trigger('click')
    await settled()
    expect(sent).toEqual([['POST', '/v1/saved/0123456789abcdef/seen', null]])
    expect(router.currentRoute.value.query).toEqual({ q: 'red car', c: 'home', sort: '-ingested_at' })
    expect(view.emitted('close')).toHaveLength(1)
    expect(button.find('[data-testid=saved-unseen]').exists()).toBe(false)
  })

  it('are deleted', async () => {
    const { part, sent } = await shown([cars])
    expect(part('saved-delete').attributes('aria-label')).toContain('red cars')
    await part('saved-delete').trigger('click')
    await settled()
    expect(sent).toEqual([['DELETE', '/v1/saved/0123456789abcdef', null]])
    expect(part('saved-one').exists()).toBe(false)
  })

  it('say that a name is taken', async () => {
    const { part } = await shown([], true)
    await part('save-search').trigger('submit')
    await settled()
    expect(part('saved-taken').exists()).toBe(true)
  })

  it('are not saved twice', async () => {
    const { part } = await shown([{ ...cars, link: 'q=dog&c=home' }])
    expect(part('save-search').exists()).toBe(false)
  })
})
