import { computed, type Ref } from 'vue'
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { annotateImage, getImage } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import type { StoredImage, StoredObject } from '@/api/types'
import { phaseOf } from '@/lib/phase'
import type { Annotations } from './annotations/useAnnotationForm'

/** An object's id ends with its number in the picture. */
const numberOf = ({ object_id }: StoredObject) => Number(object_id.slice(object_id.lastIndexOf('-') + 1))

/** The stored picture that is open, with all its objects, and its caption and tags as a person changes them. */
export function useStoredImage(collection: Ref<string>, imageId: Ref<string>, read: typeof getImage = getImage, write: typeof annotateImage = annotateImage) {
  const client = useQueryClient()
  const key = computed(() => ['image', collection.value, imageId.value])
  const query = useQuery(() => ({
    queryKey: key.value,
    queryFn: ({ signal }) => read(collection.value, imageId.value, signal),
    gcTime: 0, // opened again it is read again, as others may have changed it
  }))
  const picture = computed(() => query.data.value ?? null)

  /**
   * Gives the picture, or one object of it, a caption and tags, which are shown at once.
   *
   * When the service refuses them the old ones come back, and the problem is returned.
   */
  async function annotate(annotations: Annotations, object: StoredObject | null = null): Promise<Problem | null> {
    const before = picture.value
    if (!before) return null
    const opened = key.value
    // A picture that was left meanwhile is no longer in the cache, and nothing is put there.
    const show = (image: StoredImage) => client.setQueryData<StoredImage>(opened, (shown) => shown && image)
    const changed = { caption: annotations.caption || null, tags: annotations.tags }
    const objects = before.objects.map((other) => (other.object_id === object?.object_id ? { ...other, ...changed } : other))
    show(object ? { ...before, objects } : { ...before, ...changed })
    try {
      const body = object ? { ...annotations, number: numberOf(object) } : annotations
      show(await write(collection.value, before.image_id, body))
      return null
    } catch (error) {
      show(before)
      return asProblem(error)
    }
  }

  /** Shows the picture as the service says it is now. */
  const put = (image: StoredImage) => client.setQueryData<StoredImage>(key.value, (shown) => (shown?.image_id === image.image_id ? image : shown))

  const phase = computed(() => phaseOf(query.status.value))
  return { phase, picture, problem: query.error, retry: () => query.refetch(), annotate, put }
}
