import { defineRobot } from 'tendon'
import { dynamixel, xl330, xl430, xm430 } from 'tendon/dynamixel'
import { serial } from 'tendon/serial'
import { expectTypeOf, test } from 'vitest'

const port = serial({ path: '/dev/ttyUSB0', baudRate: 1_000_000 })

test('what a servo takes is in its type', () => {
  expectTypeOf(xm430('servos', 1).mode).toEqualTypeOf<'position'>()
  expectTypeOf(xm430('servos', 1, { shadows: [2] }).mode).toEqualTypeOf<'position'>()
  expectTypeOf(xm430('servos', 1, { mode: 'velocity' }).mode).toEqualTypeOf<'velocity'>()
  expectTypeOf(xl330('servos', 1, { mode: 'current-position', current: 0.3 }).mode).toEqualTypeOf<'position'>()
  expectTypeOf(xl330('servos', 1, { variant: 'M077' }).bus).toEqualTypeOf<'servos'>()
})

test('modes and options that a servo does not have do not compile', () => {
  // @ts-expect-error an XL430 measures no current
  void (() => xl430('servos', 1, { mode: 'current-position' }))
  // @ts-expect-error no joint has pure current as its goal
  void (() => xm430('servos', 1, { mode: 'current' }))
  // @ts-expect-error misspelt
  void (() => xm430('servos', 1, { watchdogg: 0.3 }))
  // @ts-expect-error misspelt
  void (() => xm430('servos', 1, { watchdog: 'of' }))
  // @ts-expect-error another series has this one
  void (() => xl330('servos', 1, { variant: 'T288' }))
  // @ts-expect-error only a series has variants
  void (() => xm430('servos', 1, { variant: 'W350' }))
})

test('a wheel has no positions, and an arm has', () => {
  const buses = { servos: dynamixel({ port }) }
  defineRobot('ok', {
    buses,
    joints: {
      arm: { servo: xm430('servos', 1), position: [-1, 1], velocity: 1, stop: 'park' },
      wheel: { servo: xl430('servos', 2, { mode: 'velocity' }), velocity: 5, stop: 'cut' },
    },
  })
  defineRobot('no', {
    buses,
    joints: {
      // @ts-expect-error the bus is called servos
      arm: { servo: xm430('servo', 1), position: [-1, 1], velocity: 1, stop: 'park' },
    },
  })
})
