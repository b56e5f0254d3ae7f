import { describe, expect, it } from 'vitest'
import { ref } from 'vue'
import { Problem } from '@/api/problem'
import type { Answer, Query } from '@/api/types'
import { useSearch, type Wanted } from '@/composables/useSearch'
import { anAnswer, later, mounted, settled } from './setup'

function words(text: string): Wanted {
  return { collection: 'default', clauses: [{ text }] }
}

/** A server that answers when told to, and remembers what it was asked. */
function server() {
  const asked: { query: Query; signal?: AbortSignal; answer: ReturnType<typeof later<Answer>> }[] = []
  const send = (_collection: string, query: Query, signal?: AbortSignal) => {
    const answer = later<Answer>()
    asked.push({ query, signal, answer })
    return answer.promise
  }
  return { asked, send }
}

describe('useSearch', () => {
  it('is idle until something is wanted, and again when nothing is', async () => {
    const { asked, send } = server()
    const wanted = ref<Wanted | null>(null)
    const { result } = await mounted(() => useSearch(wanted, send))
    expect(result.phase.value).toBe('idle')
    expect(asked).toHaveLength(0)
    wanted.value = words('dog')
    await settled()
    asked[0]!.answer.resolve(anAnswer(['a']))
    await settled()
    expect(result.phase.value).toBe('done')
    wanted.value = null
    await settled()
    expect(result.phase.value).toBe('idle')
    expect(result.hits.value).toEqual([])
  })

  it('never lets a late answer overwrite a newer one, and aborts the request of the older', async () => {
    const { asked, send } = server()
    const wanted = ref<Wanted | null>(words('dog'))
    const { result } = await mounted(() => useSearch(wanted, send))
    wanted.value = words('cat')
    await settled()
    expect(asked[0]!.signal?.aborted).toBe(true)
    asked[1]!.answer.resolve(anAnswer(['cat']))
    await settled()
    asked[0]!.answer.resolve(anAnswer(['dog']))
    await settled()
    expect(result.hits.value.map((h) => h.image_id)).toEqual(['cat'])
  })

  it('drops the error of an overtaken search', async () => {
    const { asked, send } = server()
    const wanted = ref<Wanted | null>(words('dog'))
    const { result } = await mounted(() => useSearch(wanted, send))
    wanted.value = words('cat')
    await settled()
    asked[0]!.answer.reject(new Problem('offline', 0))
    await settled()
    expect(result.phase.value).toBe('loading')
    expect(result.problem.value).toBeNull()
  })

  it('keeps the old results while a refined search is under way', async () => {
    const { asked, send } = server()
    const wanted = ref<Wanted | null>(words('dog'))
    const { result } = await mounted(() => useSearch(wanted, send))
    asked[0]!.answer.resolve(anAnswer(['a']))
    await settled()
    wanted.value = words('small dog')
    await settled()
    expect(result.phase.value).toBe('loading')
    expect(result.hits.value).toHaveLength(1)
  })

  it('shows the problem and searches again on retry', async () => {
    const { asked, send } = server()
    const { result } = await mounted(() => useSearch(ref(words('dog')), send))
    asked[0]!.answer.reject(new Problem('elasticsearch_away', 503))
    await settled()
    expect(result.phase.value).toBe('error')
    expect(result.problem.value?.code).toBe('elasticsearch_away')
    void result.retry()
    asked[1]!.answer.resolve(anAnswer(['a']))
    await settled()
    expect(result.phase.value).toBe('done')
    expect(result.problem.value).toBeNull()
  })

  it('appends pages by cursor without repeating a picture, and stops at the last', async () => {
    const { asked, send } = server()
    const { result } = await mounted(() => useSearch(ref(words('dog')), send))
    asked[0]!.answer.resolve(anAnswer(['a', 'b'], 'next'))
    await settled()
    void result.more()
    void result.more() // one at a time
    expect(asked).toHaveLength(2)
    expect(asked[1]!.query.cursor).toBe('next')
    asked[1]!.answer.resolve(anAnswer(['b', 'c']))
    await settled()
    expect(result.hits.value.map((h) => h.image_id)).toEqual(['a', 'b', 'c'])
    await result.more()
    expect(asked).toHaveLength(2)
  })
})

describe('going back', () => {
  it('shows what was shown, with all its pages, and asks nothing', async () => {
    const asked: string[] = []
    let back = false
    const wanted = ref<Wanted | null>({ collection: 'c', clauses: [{ text: 'dog' }] })
    const { result } = await mounted(() =>
      useSearch(
        wanted,
        async (_c, query) => {
          asked.push(`${JSON.stringify(query.clauses)}${query.cursor ?? ''}`)
          return query.cursor ? anAnswer(['b']) : anAnswer(['a'], 'more')
        },
        { returning: () => back, read: () => 0 },
      ),
    )
    await settled()
    await result.more()
    wanted.value = { collection: 'c', clauses: [{ text: 'cat' }] }
    await settled()
    expect(asked).toHaveLength(3)
    back = true
    wanted.value = { collection: 'c', clauses: [{ text: 'dog' }] }
    await settled()
    expect(result.hits.value.map((hit) => hit.image_id)).toEqual(['a', 'b'])
    expect(result.answer.value?.next_cursor).toBeNull()
    expect(asked).toHaveLength(3)
    back = false
    wanted.value = { collection: 'c', clauses: [{ text: 'cat' }] } // not by going back: asked anew
    await settled()
    expect(asked).toHaveLength(4)
  })

  it.each([
    [0, 40],
    [120, 120],
    [100_000, 200],
  ])('asks at once for what had been read when nothing is left of it: %i as %i', async (had, size) => {
    const { asked, send } = server()
    await mounted(() => useSearch(ref(words('dog')), send, { returning: () => false, read: () => had }))
    expect(asked[0]!.query.size).toBe(size)
  })

  it('brings one page for two that ask at once, and tells both that it came', async () => {
    const { asked, send } = server()
    const { result } = await mounted(() => useSearch(ref(words('dog')), send))
    asked[0]!.answer.resolve(anAnswer(['a'], 'next'))
    await settled()
    const both = Promise.all([result.more(), result.more()])
    asked[1]!.answer.resolve(anAnswer(['b']))
    expect(await both).toEqual([true, true])
    expect(asked).toHaveLength(2)
    expect(await result.more()).toBe(false) // there are no more
  })
})
