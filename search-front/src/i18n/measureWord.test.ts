import { expect, it } from 'vitest'
import { measureWord } from './measureWord'

it.each([
  ['猫', '只'],
  ['黑猫', '只'],
  ['公交车', '辆'],
  ['斑马', '匹'],
  ['泰迪熊', '只'],
  ['书', '本'],
  ['人', '个'],
  ['dogs', '个'],
])('%s is counted by %s', (name, unit) => expect(measureWord(name)).toBe(unit))
