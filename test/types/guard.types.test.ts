import { defineRobot, type GuardPort, processGuard, start } from 'tendon'
import { expectTypeOf, it } from 'vitest'

const none: GuardPort = { post: () => Promise.reject(), takeRecords: () => [] } as unknown as GuardPort

it('a definition does without a guard in one way only', () => {
  defineRobot('arm', { guard: 'none' })
  defineRobot('arm', {})
  // @ts-expect-error: there is no such way
  defineRobot('arm', { guard: 'off' })
  // @ts-expect-error: a guard is no part of a definition
  defineRobot('arm', { guard: processGuard() })
})

it('start takes a guard port, and nothing else in its place', () => {
  const robot = defineRobot('arm', {}).with({})
  const good = (): unknown[] => [
    start(robot, { guard: processGuard({ records: '/tmp' }) }),
    start(robot, { guard: none }),
  ]
  // @ts-expect-error: to do without is written in the definition
  const bad = (): unknown => start(robot, { guard: 'none' })
  expectTypeOf(good).toBeFunction()
  expectTypeOf(bad).toBeFunction()
  expectTypeOf(processGuard()).toEqualTypeOf<GuardPort>()
})
