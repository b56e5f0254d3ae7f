import type { Box, FoundObject } from '@/api/types'
import { roundBox, sameBox, wholeBox } from '@/lib/geometry'
import type { PageState } from '@/url/pageState'
import { imageOf, ownBox } from '@/url/places'
import type { UrlState } from '@/url/useUrlState'
import type { SelectedPicture } from './queryPicture'

/** The list without `item` when it is in it and not alone, with it at the end when it is not. */
function toggleItem<T>(items: readonly T[], item: T, same: (a: T, b: T) => boolean): T[] {
  const others = items.filter((other) => !same(other, item))
  if (others.length === items.length) return [...items, item]
  return others.length > 0 ? others : [...items]
}

/** What a person chooses in the pictures of the query, as steps to a new address. */
export function useBoxSelection(url: UrlState) {
  const { state, go } = url

  function withBoxes(selected: SelectedPicture, boxes: Box[]): Partial<PageState> {
    return { uploads: state.value.uploads.map((upload) => (upload.id === selected.key ? { ...upload, boxes } : upload)) }
  }

  /** The chosen boxes without the whole picture, which goes with no other. */
  function parts(selected: SelectedPicture): Box[] {
    const frame = selected.picture && wholeBox(selected.picture)
    return selected.chosen.filter((box) => !sameBox(box, frame))
  }

  function pick(selected: SelectedPicture, object: FoundObject, more: boolean): void {
    if ('object_id' in object) return pickStored(selected, object.object_id as string, more)
    const box = roundBox(object.box)
    const chosen = parts(selected)
    void go(withBoxes(selected, more && chosen.length > 0 ? toggleItem(chosen, box, sameBox) : [box]))
  }

  /** The same of a stored image. */
  function storedParts(selected: SelectedPicture): string[] {
    return selected.objects.filter((place) => !place.endsWith('-0'))
  }

  /** The stored objects and own boxes with those of one picture changed. */
  function withPlaces(selected: SelectedPicture, places: string[]): Partial<PageState> {
    return { objects: [...state.value.objects.filter((place) => imageOf(place) !== selected.key), ...places] }
  }

  function pickStored(selected: SelectedPicture, objectId: string, more: boolean): void {
    const chosen = storedParts(selected)
    void go(withPlaces(selected, more && chosen.length > 0 ? toggleItem(chosen, objectId, (a, b) => a === b) : [objectId]))
  }

  /** A box that was drawn, or the last chosen one after it was moved. */
  function draw(selected: SelectedPicture, box: Box, more: boolean, moved: boolean): void {
    if (!selected.upload) return drawStored(selected, ownBox(selected.key, box), more, moved)
    const before = moved ? selected.chosen.slice(0, -1) : more ? parts(selected) : []
    void go(withBoxes(selected, [...before.filter((other) => !sameBox(other, box)), box]))
  }

  function drawStored(selected: SelectedPicture, drawn: string, more: boolean, moved: boolean): void {
    const before = moved ? selected.objects.slice(0, -1) : more ? storedParts(selected) : []
    void go(withPlaces(selected, [...before.filter((other) => other !== drawn), drawn]))
  }

  function whole(selected: SelectedPicture): void {
    if (!selected.picture) return
    if (selected.upload) void go(withBoxes(selected, [wholeBox(selected.picture)]))
    else pickStored(selected, `${selected.key}-0`, false)
  }

  function remove(selected: SelectedPicture): void {
    void go({
      uploads: state.value.uploads.filter((upload) => upload.id !== selected.key),
      ...withPlaces(selected, []),
      open: null,
    })
  }

  return { pick, draw, whole, remove }
}
