import type { Answer, Hit, ReadCondition } from '@/api/types'

export function aHit(id: string): Hit {
  return {
    image_id: id, image_url: null, thumbnail_url: null, thumbnails: {}, file_name: `${id}.jpg`, source_uri: '', other_sources: [], other_names: [], gone_at: null, width: 4, height: 3,
    bytes: 1, format: 'jpeg', taken_at: null, camera: null, location: null, caption: null, tags: [], albums: [], attributes: {}, video: null, highlights: {},
    collection: 'photos', score: 0.1, relevance: null, weak: false, near_duplicates: 0, near_duplicate_ids: [], objects: [],
  }
}

export function anAnswer(ids: string[], cursor: string | null = null): Answer {
  return {
    hits: ids.map(aHit), total: { value: ids.length, relation: 'eq' }, next_cursor: cursor, took_ms: { total: 1 },
    query_objects: [], upload_id: null, notes: [], cut: null, groups: [], read_from_text: [],
    words_left: null, lost_shards: 0,
  }
}

export function aReadCondition(key: string, fields: Partial<ReadCondition> = {}): ReadCondition {
  return { key, text: key, clause: 0, start: 0, end: 1, read_as: 'all_of', all_of: [], filter: null, away: null, admits_nothing: false, ...fields }
}
