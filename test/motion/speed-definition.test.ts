import { defineRobot, deg, type JointDefinition, radPerSec, type TendonError } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { MemoryTransport } from 'tendon/testing'
import { describe, expect, it } from 'vitest'

const buses = {
  servos: feetech({ port: new MemoryTransport({ address: 'line', baudRate: 1_000_000, connect: () => {} }) }),
}
const wheel = { velocity: radPerSec(5), stop: 'park', servo: sts3215('servos', 1, { mode: 'velocity' }) } as const
const passive = { position: [deg(-90), deg(90)], velocity: 1 } as const

/** The faults of a definition, by path. */
function faultsOf(joints: Record<string, unknown>, calibration = {}): Record<string, string> {
  try {
    defineRobot('r', { buses, joints: joints as Record<string, JointDefinition<'servos', never>>, calibration }).with(
      {},
    )
  } catch (error) {
    const { faults } = (error as TendonError).problem.facts as { faults: { path: string; what: string }[] }
    return Object.fromEntries(faults.map(({ path, what }) => [path, what]))
  }
  return {}
}

describe('the definition of a joint that turns at speeds', () => {
  it('needs no position, and is continuous', () => {
    expect(faultsOf({ left: wheel })).toEqual({})
    const { joints } = defineRobot('r', { buses, joints: { left: wheel } }).with({}).hardware
    expect(joints.left).toMatchObject({ type: 'continuous', position: [-Infinity, Infinity] })
  })

  it('may not have one, and needs speed and stop policy as every joint', () => {
    expect(faultsOf({ left: { ...wheel, position: [0, 1] } })).toEqual({
      'joints.left.position': 'a joint that turns at speeds has no limits of position.',
    })
    const { stop: _, ...unstoppable } = wheel
    expect(Object.keys(faultsOf({ left: { ...unstoppable, velocity: 0 } }))).toEqual([
      'joints.left.velocity',
      'joints.left.stop',
    ])
  })

  it('has no calibration, for it has neither zero nor range', () => {
    expect(Object.keys(faultsOf({ left: wheel }, { left: { homingOffset: 0, rangeMin: 0, rangeMax: 1 } }))).toEqual([
      'calibration.left',
    ])
  })

  it('is none without velocity mode: a joint then needs its limits', () => {
    const { servo: _, ...rest } = wheel
    expect(Object.keys(faultsOf({ left: { ...rest, servo: sts3215('servos', 1) } }))).toEqual(['joints.left.position'])
  })

  it('is no part of a goal over joints', () => {
    const goal = defineRobot('r', { buses, joints: { left: wheel, pan: passive } }).jointGoal()
    expect(goal['~standard'].validate({ left: 1 })).toMatchObject({
      issues: [{ path: ['left'], message: 'turns at speeds and has no position to go to' }],
    })
  })
})

describe('the definition of a joint that mimics another', () => {
  it('may follow one that follows, and not itself', () => {
    expect(
      faultsOf({ a: passive, b: { ...passive, mimic: { joint: 'a' } }, c: { ...passive, mimic: { joint: 'b' } } }),
    ).toEqual({})
    const round = { a: { ...passive, mimic: { joint: 'b' } }, b: { ...passive, mimic: { joint: 'a' } } }
    expect(faultsOf(round)).toEqual({
      'joints.a.mimic.joint': 'a follows b follows a.',
      'joints.b.mimic.joint': 'b follows a follows b.',
    })
  })

  it('follows a joint that there is, has no servo, and finite factors', () => {
    const faults = faultsOf({
      pan: passive,
      a: { ...passive, mimic: { joint: 'pann' } },
      b: { ...passive, mimic: { joint: 'pan', multiplier: Number.NaN } },
      c: { ...passive, stop: 'park', servo: sts3215('servos', 2), mimic: { joint: 'pan' } },
    })
    expect(Object.keys(faults)).toEqual(['joints.a.mimic.joint', 'joints.b.mimic.multiplier', 'joints.c.mimic'])
  })
})
