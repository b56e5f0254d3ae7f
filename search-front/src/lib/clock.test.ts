import { expect, it } from 'vitest'
import { clock } from './clock'

it.each([
  [0, '0:00'],
  [12.5, '0:12'],
  [59.999, '0:59'],
  [60, '1:00'],
  [754, '12:34'],
  [3600, '1:00:00'],
  [36_061, '10:01:01'],
])('%d seconds are the moment %s', (seconds, text) => expect(clock(seconds)).toBe(text))
