import { describe, expect, it, vi } from 'vitest'
import { Problem } from '@/api/problem'
import { later, settled } from '@/testing/mounting'
import { chosenFiles } from './droppedFiles'
import { useAddPictures } from './useAddPictures'

const files = (...names: string[]) => chosenFiles(names.map((name) => new File(['xx'], name)))

describe('pictures on their way into a collection', () => {
  it('are sent two at a time, each with its own result, and again when they failed', async () => {
    let [broken, now, most] = [true, 0, 0]
    const send = vi.fn(async (_c: string, file: File) => {
      most = Math.max(most, ++now)
      await settled()
      now -= 1
      if (file.name === 'bad' && broken) throw new Problem('unreadable_picture', 422)
      return { created: file.name !== 'present' }
    })
    const onDone = vi.fn()
    const adding = useAddPictures(onDone, send)
    adding.add('default', files('a', 'b', 'present', 'bad'))
    await vi.waitFor(() => expect(adding.busy.value).toBe(false))
    expect(adding.counts.value).toMatchObject({ all: 4, done: 4, added: 2, present: 1, failed: 1, share: 1 })
    expect(most).toBe(2)
    expect(onDone).toHaveBeenLastCalledWith(0)
    broken = false
    adding.retry(adding.files.value.find((f) => f.state === 'failed'))
    await vi.waitFor(() => expect(adding.busy.value).toBe(false))
    expect(adding.counts.value.failed).toBe(0)
    expect(send).toHaveBeenCalledTimes(5)
    adding.clear()
    expect(adding.counts.value).toMatchObject({ all: 0, share: 0 })
  })

  it('rest while paused: what is on its way is finished, nothing more is begun', async () => {
    const answers = Array.from({ length: 3 }, () => later<{ created: boolean }>())
    let begun = 0
    const adding = useAddPictures(undefined, () => answers[begun++]!.promise)
    adding.add('default', files('a', 'b', 'c'))
    adding.pause()
    answers[0]!.resolve({ created: true })
    answers[1]!.resolve({ created: true })
    await settled()
    expect(begun).toBe(2)
    expect(adding.counts.value).toMatchObject({ done: 2, waiting: 1 })
    expect(adding.busy.value).toBe(true)
    adding.resume()
    expect(begun).toBe(3)
    answers[2]!.resolve({ created: true })
    await settled()
    expect(adding.busy.value).toBe(false)
  })

  it('say how much of each was sent', async () => {
    const answer = later<{ created: boolean }>()
    let report: (share: number) => void = () => undefined
    const adding = useAddPictures(undefined, (_c, _f, onSent) => {
      report = onSent!
      return answer.promise
    })
    adding.add('default', files('a'))
    report(0.5)
    expect(adding.files.value[0]!.sent).toBe(0.5)
    expect(adding.counts.value.share).toBe(0.25) // sending is half of it, looking at it the other
    answer.resolve({ created: true })
  })
})
