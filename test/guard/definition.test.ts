import { defineRobot, deg, degPerSec, type Guard, type GuardPort, start } from 'tendon'
import type { ByteTransport } from 'tendon/device'
import { feetech, sts3215 } from 'tendon/feetech'
import { simulated } from 'tendon/sim'
import { VirtualClock } from 'tendon/testing'
import { describe, expect, test } from 'vitest'

/** A robot whose simulated port says that real motors may stand behind it. */
function turret(more: { readonly guard?: 'none' } = {}) {
  const port: ByteTransport = { kind: 'none', address: 'none', open: () => Promise.reject(new Error('simulated')) }
  const model = defineRobot('turret', {
    buses: { servos: feetech({ port }) },
    joints: {
      pan: { servo: sts3215('servos', 1), position: [deg(-90), deg(90)], velocity: degPerSec(180), stop: 'park' },
    },
    ...more,
  })
  const robot = simulated(model.with({ look: model.moveTo() }))
  const buses = Object.entries(robot.hardware.buses).map(([name, bus]) => {
    const open = (env: Parameters<ByteTransport['open']>[0]) => bus.port.open(env)
    return [name, bus.withPort({ ...bus.port, open, needsGuard: true })] as const
  })
  return robot.withHardware({ ...robot.hardware, buses: Object.fromEntries(buses) })
}

/** Guards that are never there. */
const away: GuardPort = {
  post: () => {
    throw new Error('it is on holiday')
  },
  takeRecords: () => [],
}

async function armedWith(robot: ReturnType<typeof turret>, guard: GuardPort) {
  const clock = new VirtualClock()
  const running = await clock.run(start(robot, { clock, guard }))
  const verdict = await clock.run(running.arm())
  await clock.run(running.close())
  expect(clock.pending).toBe(0)
  return verdict
}

describe('a definition', () => {
  test('is not armed on real hardware without a guard', async () => {
    const verdict = await armedWith(turret(), away)
    expect(verdict).toMatchObject({ armed: false, problems: [{ code: 'TENDON_ARM_NO_GUARD', power: 'unchanged' }] })
  })

  test('that says so is, and nobody is asked for a guard', async () => {
    let asked = 0
    const counted: GuardPort = {
      post: () => {
        asked++
        return {} as Guard
      },
      takeRecords: () => [],
    }
    expect(await armedWith(turret({ guard: 'none' }), counted)).toEqual({ armed: true })
    expect(asked).toBe(0)
  })

  test('that says something else is told at once', () => {
    const wrong = { guard: 'off' } as unknown as { guard: 'none' }
    expect(() => turret(wrong)).toThrow(/TENDON_DEFINITION_INVALID.*guard: 'off' is no way/s)
  })
})
