import type { Box, FoundObject } from '@/api/types'
import { rounded, sameBox, wholeBox } from '@/geometry'
import { toggled, toggledBox } from '@/query'
import { imageOfObject, type Queried } from './useQueryPictures'
import type { PageState, UrlState } from './useUrlState'

/** What a person does to the pictures of the query, as steps to a new address. */
export function useQuery(url: UrlState) {
  const { state, go } = url

  function withBoxes(queried: Queried, boxes: Box[]): Partial<PageState> {
    return { uploads: state.value.uploads.map((given) => (given.id === queried.key ? { ...given, boxes } : given)) }
  }

  /** The chosen boxes without the whole picture, which goes with no other. */
  function parts(queried: Queried): Box[] {
    const whole = queried.picture && wholeBox(queried.picture)
    return queried.chosen.filter((box) => !sameBox(box, whole))
  }

  function pick(queried: Queried, object: FoundObject, more: boolean): void {
    if ('object_id' in object) return pickStored(queried, object.object_id as string, more)
    const box = rounded(object.box)
    const chosen = parts(queried)
    void go(withBoxes(queried, more && chosen.length > 0 ? toggledBox(chosen, box) : [box]))
  }

  function pickStored(queried: Queried, id: string, more: boolean): void {
    const others = state.value.objects.filter((each) => imageOfObject(each) !== queried.key)
    const here = queried.objects.filter((each) => !each.endsWith('-0')) // the frame goes with no other
    void go({ objects: [...others, ...(more && here.length > 0 ? toggled(here, id, (a, b) => a === b) : [id])] })
  }

  /** A box that was drawn, or the last chosen one after it was moved. */
  function draw(queried: Queried, box: Box, more: boolean, moved: boolean): void {
    const before = moved ? queried.chosen.slice(0, -1) : more ? parts(queried) : []
    void go(withBoxes(queried, [...before.filter((each) => !sameBox(each, box)), box]))
  }

  function whole(queried: Queried): void {
    if (!queried.picture) return
    if (queried.upload) void go(withBoxes(queried, [wholeBox(queried.picture)]))
    else pickStored(queried, `${queried.key}-0`, false)
  }

  function remove(queried: Queried): void {
    void go({
      uploads: state.value.uploads.filter((given) => given.id !== queried.key),
      objects: state.value.objects.filter((each) => imageOfObject(each) !== queried.key),
      open: null,
    })
  }

  return { pick, draw, whole, remove }
}
