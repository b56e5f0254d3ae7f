import { expect, it } from 'vitest'
import { parseTags } from './tags'

it('tags are separated by commas of either script or by lines', () => expect(parseTags('a, 海边，b、 a ,\n c')).toEqual(['a', '海边', 'b', 'c']))
