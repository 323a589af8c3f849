import type { Problem } from '../../src/base/problem.ts'
import { deg, degPerSec, degPerSec2 } from '../../src/base/units.ts'
import type { HardwareMap } from '../../src/device/hardware-map.ts'
import type { JointSpec, StopPolicy } from '../../src/device/joint.ts'
import type { Hardware } from '../../src/motion/contract.ts'
import type { HardwareLimits } from '../../src/motion/limits.ts'
import { createHardware } from '../../src/safety/hardware.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { type IdealBus, idealBus } from './ideal-bus.ts'

export const JOINTS = ['pan', 'lift', 'elbow', 'wrist', 'roll', 'grip'] as const

/** A joint of the fixture robot: 180 degrees/s, 400 degrees/s². */
export function joint(id: number, stop: StopPolicy = 'park', more: Partial<JointSpec> = {}): JointSpec {
  const servo = { family: 'ideal', model: 'IDEAL', bus: 'servos', id, ids: { min: 0, max: 253 }, options: {} }
  return {
    position: [deg(-110), deg(110)],
    velocity: degPerSec(180),
    acceleration: degPerSec2(400),
    stop,
    servo,
    ...more,
  }
}

export interface Fixture {
  readonly clock: VirtualClock
  readonly bus: IdealBus
  readonly hardware: Hardware
  readonly faults: Problem[]
  /** Buses that came back, whose servos may have power. */
  readonly returned: string[]
  readonly notes: { type: string; facts: Readonly<Record<string, unknown>> }[]
  /** Opens, arms and opens the gate; throws the problems that stood against it. */
  armed(): Promise<void>
  stopped(options?: { cut?: boolean }): ReturnType<Hardware['finishStop']>
}

export interface FixtureOptions {
  readonly policies?: Readonly<Record<string, StopPolicy>>
  readonly joints?: Readonly<Record<string, JointSpec>>
  readonly limits?: Partial<HardwareLimits>
  readonly clock?: VirtualClock
}

/** Six joints on one ideal bus, on virtual time. */
export function fixture({
  policies = {},
  joints,
  limits = {},
  clock = new VirtualClock(),
}: FixtureOptions = {}): Fixture {
  const spec = idealBus()
  const six = Object.fromEntries(JOINTS.map((name, i) => [name, joint(i + 1, policies[name] ?? 'park')]))
  const map: HardwareMap = { buses: { servos: spec }, joints: joints ?? six, sensors: {}, calibration: {} }
  const faults: Problem[] = []
  const returned: string[] = []
  const notes: Fixture['notes'] = []
  const hardware = createHardware(map, { clock }, limits, {
    fault: (problem) => void faults.push(problem),
    returned: (bus) => void returned.push(bus),
    note: (type, facts) => void notes.push({ type, facts }),
  })
  const bus = spec.made()
  return {
    clock,
    bus,
    hardware,
    faults,
    returned,
    notes,
    async armed() {
      await clock.run(hardware.open())
      const problems = await clock.run(hardware.arm(new AbortController().signal))
      if (problems.length > 0) throw new Error(problems.map((problem) => problem.code).join())
      hardware.openGate()
    },
    stopped({ cut = false } = {}) {
      hardware.stopNow()
      return clock.run(hardware.finishStop({ cut }))
    },
  }
}

/** What a promise rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('the promise was fulfilled')
}

/** The problem code of what a call throws. */
export function thrownCode(call: () => unknown): string | undefined {
  try {
    call()
  } catch (error) {
    return (error as { code?: string }).code
  }
  return undefined
}
