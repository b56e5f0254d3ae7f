import { asJson, body, change, inCollection, json } from './client'
import type { Box, LabelClass, StoredImage } from './types'

/** The classes that the pack of a collection names. */
export async function listLabels(collection: string, signal?: AbortSignal): Promise<LabelClass[]> {
  return (await json<{ labels: LabelClass[] }>(`/v1/labels?${new URLSearchParams({ collection })}`, { signal })).labels
}

const ofImage = (collection: string, imageId: string) => `${inCollection(collection)}/images/${encodeURIComponent(imageId)}`

/** Another label or box for an object; what is left out stays. Each call resolves to the picture as it is then. */
export async function correctObject(collection: string, imageId: string, number: number, patch: { label?: string; box?: Box }): Promise<StoredImage> {
  return body(await change(`${ofImage(collection, imageId)}/objects/${number}`, asJson('PATCH', patch)))
}

export async function addObject(collection: string, imageId: string, object: { label: string; box: Box }): Promise<StoredImage> {
  return body(await change(`${ofImage(collection, imageId)}/objects`, asJson('POST', object)))
}

export async function removeObject(collection: string, imageId: string, number: number): Promise<StoredImage> {
  return body(await change(`${ofImage(collection, imageId)}/objects/${number}`, { method: 'DELETE' }))
}

/** Takes the last correction of a picture back. */
export async function undoCorrection(collection: string, imageId: string): Promise<StoredImage> {
  return body(await change(`${ofImage(collection, imageId)}/undo`, asJson('POST', {})))
}
