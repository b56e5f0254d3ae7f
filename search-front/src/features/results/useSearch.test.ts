import { describe, expect, it } from 'vitest'
import { ref } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { Problem } from '@/api/problem'
import type { Answer, PagedSearchRequest, StoredImage } from '@/api/types'
import { anAnswer } from '@/testing/fixtures'
import { later, mounted, settled } from '@/testing/mounting'
import { showCorrected, useSearch, type CollectionSearch } from './useSearch'

function words(text: string): CollectionSearch {
  return { collection: 'default', clauses: [{ text }] }
}

/** A server that answers when told to, and remembers what it was asked. */
function server() {
  const requests: { body: PagedSearchRequest; signal?: AbortSignal; answer: ReturnType<typeof later<Answer>> }[] = []
  const send = (_collection: string, body: PagedSearchRequest, signal?: AbortSignal) => {
    const answer = later<Answer>()
    requests.push({ body, signal, answer })
    return answer.promise
  }
  return { requests, send }
}

describe('useSearch', () => {
  it('is idle until something is looked for, and again when nothing is', async () => {
    const { requests, send } = server()
    const request = ref<CollectionSearch | null>(null)
    const { result } = await mounted(() => useSearch(request, send))
    expect(result.phase.value).toBe('idle')
    expect(requests).toHaveLength(0)
    request.value = words('dog')
    await settled()
    requests[0]!.answer.resolve(anAnswer(['a']))
    await settled()
    expect(result.phase.value).toBe('done')
    request.value = null
    await settled()
    expect(result.phase.value).toBe('idle')
    expect(result.hits.value).toEqual([])
  })

  it('never lets a late answer overwrite a newer one, and aborts the request of the older', async () => {
    const { requests, send } = server()
    const request = ref<CollectionSearch | null>(words('dog'))
    const { result } = await mounted(() => useSearch(request, send))
    request.value = words('cat')
    await settled()
    expect(requests[0]!.signal?.aborted).toBe(true)
    requests[1]!.answer.resolve(anAnswer(['cat']))
    await settled()
    requests[0]!.answer.resolve(anAnswer(['dog']))
    await settled()
    expect(result.hits.value.map((h) => h.image_id)).toEqual(['cat'])
  })

  it('drops the error of an overtaken search', async () => {
    const { requests, send } = server()
    const request = ref<CollectionSearch | null>(words('dog'))
    const { result } = await mounted(() => useSearch(request, send))
    request.value = words('cat')
    await settled()
    requests[0]!.answer.reject(new Problem('offline', 0))
    await settled()
    expect(result.phase.value).toBe('loading')
    expect(result.problem.value).toBeNull()
  })

  it('keeps the old results while a refined search is under way', async () => {
    const { requests, send } = server()
    const request = ref<CollectionSearch | null>(words('dog'))
    const { result } = await mounted(() => useSearch(request, send))
    requests[0]!.answer.resolve(anAnswer(['a']))
    await settled()
    request.value = words('small dog')
    await settled()
    expect(result.phase.value).toBe('loading')
    expect(result.hits.value).toHaveLength(1)
  })

  it('shows the problem and searches again on retry', async () => {
    const { requests, send } = server()
    const { result } = await mounted(() => useSearch(ref(words('dog')), send))
    requests[0]!.answer.reject(new Problem('elasticsearch_away', 503))
    await settled()
    expect(result.phase.value).toBe('error')
    expect(result.problem.value?.code).toBe('elasticsearch_away')
    result.retry()
    await settled()
    requests[1]!.answer.resolve(anAnswer(['a']))
    await settled()
    expect(result.phase.value).toBe('done')
    expect(result.problem.value).toBeNull()
  })

  it('shows nothing of an earlier search when it is tried again after an error', async () => {
    const { requests, send } = server()
    const request = ref<CollectionSearch | null>(words('dog'))
    const { result } = await mounted(() => useSearch(request, send))
    requests[0]!.answer.resolve(anAnswer(['a']))
    await settled()
    request.value = words('cat')
    await settled()
    requests[1]!.answer.reject(new Problem('offline', 0))
    await settled()
    expect(result.hits.value).toEqual([])
    result.retry()
    await settled()
    expect(result.phase.value).toBe('loading')
    expect(result.hits.value).toEqual([])
  })

  it('keeps what was read when the next page fails, and asks for that page again', async () => {
    const { requests, send } = server()
    const { result } = await mounted(() => useSearch(ref(words('dog')), send))
    requests[0]!.answer.resolve(anAnswer(['a'], 'next'))
    await settled()
    const first = result.more()
    requests[1]!.answer.reject(new Problem('offline', 0))
    expect(await first).toBe(false)
    expect(result.moreProblem.value?.code).toBe('offline')
    expect(result.phase.value).toBe('done')
    expect(result.hits.value).toHaveLength(1)
    const second = result.more()
    requests[2]!.answer.resolve(anAnswer(['b']))
    expect(await second).toBe(true)
    expect(result.moreProblem.value).toBeNull()
    expect(result.hits.value).toHaveLength(2)
  })

  it('appends pages by cursor without repeating a picture, and stops at the last', async () => {
    const { requests, send } = server()
    const { result } = await mounted(() => useSearch(ref(words('dog')), send))
    requests[0]!.answer.resolve(anAnswer(['a', 'b'], 'next'))
    await settled()
    void result.more()
    void result.more() // one at a time
    expect(requests).toHaveLength(2)
    expect(requests[1]!.body.cursor).toBe('next')
    requests[1]!.answer.resolve(anAnswer(['b', 'c']))
    await settled()
    expect(result.hits.value.map((h) => h.image_id)).toEqual(['a', 'b', 'c'])
    await result.more()
    expect(requests).toHaveLength(2)
  })
})

it('shows a corrected picture as it is now, in its collection alone, and asks nothing', async () => {
  const { requests, send } = server()
  const { result } = await mounted(() => ({ ...useSearch(ref(words('dog')), send), client: useQueryClient() }))
  const answer = anAnswer(['a', 'b'])
  const object = { object_id: 'a-1', label: 'dog', kind: 'object' } as Answer['hits'][number]['objects'][number]
  answer.hits[0]!.objects = [object]
  requests[0]!.answer.resolve(answer)
  await settled()
  const image = { ...answer.hits[0]!, objects: [{ ...object, label: 'horse' }], corrections: [] } as StoredImage
  showCorrected(result.client, 'elsewhere', image)
  await settled()
  expect(result.hits.value[0]!.objects[0]!.label).toBe('dog')
  showCorrected(result.client, 'photos', image)
  await settled()
  expect(result.hits.value[0]!.objects[0]!.label).toBe('horse')
  expect(requests).toHaveLength(1)
})

describe('going back', () => {
  it('shows what was shown, with all its pages, and asks nothing', async () => {
    const requests: string[] = []
    let back = false
    const request = ref<CollectionSearch | null>({ collection: 'c', clauses: [{ text: 'dog' }] })
    const { result } = await mounted(() =>
      useSearch(
        request,
        async (_c, body) => {
          requests.push(`${JSON.stringify(body.clauses)}${body.cursor ?? ''}`)
          return body.cursor ? anAnswer(['b']) : anAnswer(['a'], 'more')
        },
        { returning: () => back, read: () => 0 },
      ),
    )
    await settled()
    await result.more()
    request.value = { collection: 'c', clauses: [{ text: 'cat' }] }
    await settled()
    expect(requests).toHaveLength(3)
    back = true
    request.value = { collection: 'c', clauses: [{ text: 'dog' }] }
    await settled()
    expect(result.hits.value.map((hit) => hit.image_id)).toEqual(['a', 'b'])
    expect(result.answer.value?.next_cursor).toBeNull()
    expect(requests).toHaveLength(3)
    back = false
    request.value = { collection: 'c', clauses: [{ text: 'cat' }] } // not by going back: asked anew
    await settled()
    expect(requests).toHaveLength(4)
  })

  it('asks again for what lies more than twelve searches back', async () => {
    const requests: unknown[] = []
    let back = false
    const request = ref<CollectionSearch | null>(words('0'))
    const send = async (_c: string, body: PagedSearchRequest) => {
      requests.push(body.clauses)
      return anAnswer(['a'])
    }
    await mounted(() => useSearch(request, send, { returning: () => back, read: () => 0 }))
    await settled()
    for (let i = 1; i <= 12; i++) {
      request.value = words(String(i))
      await settled()
    }
    expect(requests).toHaveLength(13)
    back = true
    request.value = words('11')
    await settled()
    expect(requests).toHaveLength(13)
    request.value = words('0')
    await settled()
    expect(requests).toHaveLength(14)
  })

  it.each([
    [0, 40],
    [120, 120],
    [100_000, 200],
  ])('asks at once for what had been read when nothing is left of it: %i as %i', async (had, size) => {
    const { requests, send } = server()
    await mounted(() => useSearch(ref(words('dog')), send, { returning: () => false, read: () => had }))
    expect(requests[0]!.body.size).toBe(size)
  })

  it('brings one page for two that ask at once, and says to both that it came', async () => {
    const { requests, send } = server()
    const { result } = await mounted(() => useSearch(ref(words('dog')), send))
    requests[0]!.answer.resolve(anAnswer(['a'], 'next'))
    await settled()
    const both = Promise.all([result.more(), result.more()])
    requests[1]!.answer.resolve(anAnswer(['b']))
    expect(await both).toEqual([true, true])
    expect(requests).toHaveLength(2)
    expect(await result.more()).toBe(false) // there are no more
  })
})
