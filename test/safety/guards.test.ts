import { describe, expect, test } from 'vitest'
import type { Timer } from '../../src/base/clock.ts'
import type { Problem } from '../../src/base/problem.ts'
import type { Seconds } from '../../src/base/units.ts'
import type { HardwareMap } from '../../src/device/hardware-map.ts'
import type { StopPolicy } from '../../src/device/joint.ts'
import type { StopPlan } from '../../src/device/servo-bus.ts'
import type { Guard, GuardedLine, GuardPort, GuardRecord, Will } from '../../src/guard/contract.ts'
import type { HardwareLimits } from '../../src/motion/limits.ts'
import { createHardware } from '../../src/safety/hardware.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { idealBus } from '../motion/ideal-bus.ts'
import { JOINTS, joint } from '../motion/rig-fixture.ts'

/** A clock whose timers can be made to stand still: the control tick is one of them. Time goes on. */
class Freezer extends VirtualClock {
  isFrozen = false
  override after(delay: Seconds, fn: () => void): Timer {
    return super.after(delay, () => {
      if (!this.isFrozen) fn()
    })
  }
}

/** A plan as bytes that can be read again. */
const frame = (plan: StopPlan): Uint8Array => Buffer.from(JSON.stringify(plan))
const planOf = (bytes: Uint8Array): StopPlan => JSON.parse(Buffer.from(bytes).toString())

/** A guard that does nothing but remember. */
class FakeGuard implements Guard {
  ready: Promise<void> = Promise.resolve()
  isDeaf = false
  isAsleep = false
  beats: { readonly at: Seconds; readonly will: Will; readonly limit: Seconds }[] = []
  acts: string[] = []
  readonly #clock: VirtualClock
  #listener: ((reason: string) => void) | undefined

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }
  beat(will: Will, limit: Seconds): boolean {
    this.beats.push({ at: this.#clock.now(), will, limit })
    return !this.isDeaf
  }
  keep(): void {
    this.acts.push('keep')
  }
  ease(): void {
    this.acts.push('ease')
  }
  async answers(): Promise<boolean> {
    return !this.isAsleep
  }
  async standDown(): Promise<void> {
    this.acts.push('stand down')
    this.#listener = undefined
  }
  onLost(listener: (reason: string) => void): () => void {
    this.#listener = listener
    return () => {}
  }
  die(): void {
    this.#listener?.('it ended (SIGKILL)')
  }
}

class FakePort implements GuardPort {
  readonly lines: GuardedLine[] = []
  readonly guards: FakeGuard[] = []
  records: GuardRecord[] = []
  /** What becomes of each guard that is posted. */
  prepare: (guard: FakeGuard) => void = () => {}
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }
  get last(): FakeGuard {
    const guard = this.guards.at(-1)
    if (!guard) throw new Error('no guard was posted')
    return guard
  }
  post(line: GuardedLine): Guard {
    this.lines.push(line)
    const guard = new FakeGuard(this.#clock)
    this.prepare(guard)
    this.guards.push(guard)
    return guard
  }
  takeRecords(): GuardRecord[] {
    return this.records.splice(0)
  }
}

interface Options {
  readonly needsGuard?: boolean
  readonly optedOut?: boolean
  readonly descriptor?: number | undefined
  readonly policies?: Readonly<Record<string, StopPolicy>>
  readonly limits?: Partial<HardwareLimits>
}

function robot(options: Options = {}) {
  const { needsGuard = true, optedOut = false, policies = {}, limits = {} } = options
  const clock = new Freezer()
  const port = new FakePort(clock)
  const ideal = idealBus()
  const spec = { ...ideal, port: { ...ideal.port, address: '/dev/ttyACM0', needsGuard } }
  const joints = Object.fromEntries(JOINTS.map((name, i) => [name, joint(i + 1, policies[name] ?? 'park')]))
  const map: HardwareMap = { buses: { servos: spec }, joints, sensors: {}, calibration: {} }
  const faults: Problem[] = []
  const notes: { readonly type: string; readonly facts: Readonly<Record<string, unknown>> }[] = []
  const hooks = {
    fault: (found: Problem): void => {
      faults.push(found)
      hardware.stopNow()
    },
    note: (type: string, facts: Readonly<Record<string, unknown>>) => void notes.push({ type, facts }),
    returned: () => {},
  }
  const guarding = { robot: 'arm', port, optedOut }
  const hardware = createHardware(map, { clock }, limits, hooks, {}, guarding)
  const bus = ideal.made()
  const descriptor = 'descriptor' in options ? options.descriptor : 17
  Object.assign(bus, { descriptor, stopFrame: frame })
  const arm = (): Promise<readonly Problem[]> => clock.run(hardware.arm(new AbortController().signal))
  return {
    clock,
    port,
    hardware,
    bus,
    faults,
    notes,
    arm,
    open: () => clock.run(hardware.open()),
    async armed(): Promise<void> {
      await clock.run(hardware.open())
      expect(await arm()).toEqual([])
      hardware.openGate()
    },
    async stopped() {
      hardware.stopNow()
      return clock.run(hardware.finishStop({ cut: false }))
    },
  }
}

const codes = (problems: readonly Problem[]): string[] => problems.map(({ code }) => code)

describe('a guard', () => {
  test('is posted over the descriptor of each bus that needs one, when the bus opens', async () => {
    const r = robot()
    await r.open()
    expect(r.port.lines).toEqual([{ robot: 'arm', bus: 'servos', port: '/dev/ttyACM0', descriptor: 17 }])
  })

  test('is posted over no bus that needs none, and over none of a definition that does without', async () => {
    for (const options of [{ needsGuard: false }, { optedOut: true }]) {
      const r = robot(options)
      await r.armed()
      expect(r.port.lines).toEqual([])
    }
  })

  test('stands down before its bus is closed', async () => {
    const r = robot()
    await r.armed()
    await r.stopped()
    const close = r.bus.close.bind(r.bus)
    r.bus.close = async () => {
      expect(r.port.last.acts).toContain('stand down')
      return close()
    }
    await r.clock.run(r.hardware.close())
    expect(r.port.last.acts.at(-1)).toBe('stand down')
  })

  test('stands down in the moment at which its bus is lost, for no tick comes any more', async () => {
    const r = robot()
    await r.armed()
    const guard = r.port.last
    r.bus.pull()
    expect(guard.acts.at(-1)).toBe('stand down')
    expect(codes(r.faults)).toEqual(['TENDON_HARDWARE_LOST'])
  })
})

describe('arming', () => {
  const refusals: [what: string, options: Options, prepare: (guard: FakeGuard) => void, posts: number][] = [
    ['that could not be started', {}, (guard) => Object.assign(guard, { ready: refused() }), 2],
    ['that does not answer', {}, (guard) => Object.assign(guard, { isAsleep: true }), 2],
    ['for want of a descriptor', { descriptor: undefined }, () => {}, 0],
  ]
  const refused = (): Promise<void> => {
    const none = Promise.reject(new Error('no such program'))
    none.catch(() => {})
    return none
  }
  test.each(refusals)('without a guard %s is refused under its own code, and powers nothing', async (...row) => {
    const [, options, prepare, posts] = row
    const r = robot(options)
    r.port.prepare = prepare
    await r.open()
    const before = r.port.lines.length
    expect(codes(await r.arm())).toEqual(['TENDON_ARM_NO_GUARD'])
    expect(r.bus.calls.filter(({ call }) => call === 'torque-on' || call === 'configure')).toEqual([])
    // The one of the opening, and one more: then it is given up until somebody arms again.
    expect(r.port.lines).toHaveLength(posts)
    expect(before).toBe(Math.min(posts, 1))
    expect(r.port.guards.every((guard) => guard.beats.length === 0)).toBe(true)
  })

  test('says what kept the guard away', async () => {
    const r = robot()
    r.port.prepare = (guard) => Object.assign(guard, { ready: refused() })
    await r.open()
    const [found] = await r.arm()
    expect(found?.facts).toMatchObject({ bus: 'servos', port: '/dev/ttyACM0', reason: 'no such program' })
  })

  test('gives the first beat before the first servo gets power, with a will that cuts them all', async () => {
    const r = robot()
    await r.open()
    const inspect = r.bus.inspect.bind(r.bus)
    r.bus.inspect = (id) => {
      // Nor is there a moment without one, once the guard was asked.
      expect(r.port.last.beats.length).toBeGreaterThan(0)
      return inspect(id)
    }
    const seen: (StopPlan | undefined)[] = []
    const setTorque = r.bus.setTorque.bind(r.bus)
    r.bus.setTorque = (ids, on) => {
      if (on) seen.push(r.port.last.beats[0] && planOf(r.port.last.beats[0].will.halt))
      return setTorque(ids, on)
    }
    await r.arm()
    expect(seen[0]).toEqual({ cut: [1, 2, 3, 4, 5, 6], freeze: [] })
  })

  test('that fails leaves nothing pending', async () => {
    const r = robot()
    await r.open()
    r.bus.servo(3).inspection = { voltage: 3 }
    expect(codes(await r.arm())).toEqual(['TENDON_ARM_VOLTAGE'])
    expect(r.port.last.acts.at(-1)).toBe('ease')
    const { length } = r.port.last.beats
    await r.clock.advance(1)
    expect(r.port.last.beats).toHaveLength(length)
  })

  test('again gets a new guard where the last one was lost while nothing had power', async () => {
    const r = robot()
    await r.open()
    r.port.last.die()
    expect(r.faults).toEqual([])
    expect(r.notes).toContainEqual({ type: 'guard_lost', facts: { bus: 'servos', reason: 'it ended (SIGKILL)' } })
    expect(await r.arm()).toEqual([])
    expect(r.port.guards).toHaveLength(2)
  })
})

describe('beats', () => {
  test('come once with each control tick while armed, with the limit of the robot', async () => {
    const r = robot()
    await r.armed()
    const { beats } = r.port.last
    const from = beats.length
    await r.clock.advance(1)
    expect(beats.length - from).toBe(50)
    expect(new Set(beats.map(({ limit }) => limit))).toEqual(new Set([0.1]))
  })

  test('allow for three ticks, however slow these are', async () => {
    const r = robot({ limits: { rate: 10 } })
    await r.armed()
    expect(r.port.last.beats.at(-1)?.limit).toBeCloseTo(0.3)
  })

  test('end with the ticks, whatever else goes on; and nothing reads the bus then', async () => {
    const r = robot()
    await r.armed()
    await r.clock.advance(0.1)
    r.clock.isFrozen = true
    await r.clock.advance(0.02)
    const before = [r.port.last.beats.length, r.bus.calls.length]
    await r.clock.advance(5)
    expect([r.port.last.beats.length, r.bus.calls.length]).toEqual(before)
  })

  test('go on until a stop has its verdict, and then nothing is pending', async () => {
    const r = robot()
    await r.armed()
    const { beats } = r.port.last
    r.hardware.stopNow()
    const from = beats.length
    const verdict = await r.clock.run(r.hardware.finishStop({ cut: false }))
    expect(verdict.confirmed).toBe(true)
    expect(beats.length).toBeGreaterThan(from)
    expect(r.port.last.acts.at(-1)).toBe('ease')
    const { length } = beats
    await r.clock.advance(2)
    expect(beats).toHaveLength(length)
  })

  test('a joint that holds after the stop is left alone: nothing is pending', async () => {
    const r = robot({ policies: { lift: 'hold' } })
    await r.armed()
    await r.stopped()
    expect(r.bus.servo(2).powered).toBe(true)
    expect(r.port.last.acts.at(-1)).toBe('ease')
  })

  test('a servo that was not confirmed off keeps the will, and nothing is timed', async () => {
    const r = robot()
    await r.armed()
    r.bus.servo(3).clinging = true
    expect((await r.stopped()).confirmed).toBe(false)
    expect(r.port.last.acts.at(-1)).toBe('keep')
  })
})

describe('the will', () => {
  test('cuts, freezes and holds as the policies say, and then takes the power of what does not hold', async () => {
    const r = robot({ policies: { pan: 'cut', lift: 'hold' } })
    await r.armed()
    await r.clock.advance(0.1)
    const will = r.port.last.beats.at(-1)?.will as Will
    const halt = planOf(will.halt)
    expect([halt.cut, halt.freeze.map(({ id }) => id)]).toEqual([[1], [2, 3, 4, 5, 6]])
    const off = planOf(will.off as Uint8Array)
    expect([off.cut, off.freeze.map(({ id }) => id)]).toEqual([[1, 3, 4, 5, 6], [2]])
    expect(will).toMatchObject({ offAfter: 2, repeat: 3 })
  })

  test('names none that holds in its last frame, where the family can, so that it powers nobody', async () => {
    const r = robot({ policies: { lift: 'hold' } })
    Object.assign(r.bus, { offFrame: (ids: readonly number[]) => Uint8Array.from(ids) })
    await r.armed()
    await r.clock.advance(0.1)
    expect([...(r.port.last.beats.at(-1)?.will.off ?? [])]).toEqual([1, 3, 4, 5, 6])
  })

  test('has one frame where that has done everything: all joints cut, or all held', async () => {
    for (const policy of ['cut', 'hold'] as const) {
      const r = robot({ policies: Object.fromEntries(JOINTS.map((name) => [name, policy])) })
      await r.armed()
      await r.clock.advance(0.1)
      expect(r.port.last.beats.at(-1)?.will.off).toBeUndefined()
    }
  })

  test('freezes a moving joint where it was read less than 50 ms before', async () => {
    const r = robot()
    await r.armed()
    const places: { readonly at: Seconds; readonly position: number }[] = []
    const readMotion = r.bus.readMotion.bind(r.bus)
    r.bus.readMotion = async (ids) => {
      const samples = await readMotion(ids)
      for (const { id, at, position } of samples.values()) if (id === 1) places.push({ at, position })
      return samples
    }
    const move = r.hardware.grant(['pan'], 'run-1').moveTo({ pan: 1 }, {})
    await r.clock.advance(0.5)
    for (const { at, will } of r.port.last.beats.slice(-15)) {
      const frozen = planOf(will.halt).freeze.find(({ id }) => id === 1)?.position
      const read = places.find(({ position }) => position === frozen)
      expect(at - (read?.at ?? Number.NaN)).toBeLessThan(0.05)
    }
    await r.clock.run(move)
  })
})

describe('a guard that is lost', () => {
  test('while armed is a fault of its own code, told once; a new arming posts another', async () => {
    const r = robot()
    await r.armed()
    r.port.last.die()
    expect(codes(r.faults)).toEqual(['TENDON_GUARD_LOST'])
    await r.clock.run(r.hardware.finishStop({ cut: false }))
    expect(await r.arm()).toEqual([])
    expect(codes(r.faults)).toEqual(['TENDON_GUARD_LOST'])
    expect(r.port.guards).toHaveLength(2)
  })

  test('because it takes no beats is the same, and it is sent away', async () => {
    const r = robot()
    await r.armed()
    r.port.last.isDeaf = true
    await r.clock.advance(0.021)
    expect(codes(r.faults)).toEqual(['TENDON_GUARD_LOST'])
    expect(r.port.last.acts).toContain('stand down')
  })

  test('during arming breaks it off: what had power is off again', async () => {
    const r = robot()
    await r.open()
    const setTorque = r.bus.setTorque.bind(r.bus)
    let powered = 0
    r.bus.setTorque = async (ids, on) => {
      const done = await setTorque(ids, on)
      if (on && ++powered === 2) r.port.last.die()
      return done
    }
    expect(codes(await r.arm())).toEqual(['TENDON_ARM_ABORTED'])
    expect(powered).toBe(2)
    expect([...r.bus.servos.keys()].filter((id) => r.bus.servo(id).powered)).toEqual([])
  })

  test('while a stop is being finished is noted: the stop goes on to its verdict', async () => {
    const r = robot()
    await r.armed()
    r.hardware.stopNow()
    const verdict = r.hardware.finishStop({ cut: false })
    r.port.last.die()
    expect((await r.clock.run(verdict)).confirmed).toBe(true)
    expect(r.faults).toEqual([])
    expect(r.notes.map(({ type }) => type)).toContain('guard_lost')
  })
})

test('what a guard did is noted once at the next opening, under the code of its reason', async () => {
  const r = robot()
  const record: GuardRecord = {
    robot: 'arm',
    bus: 'servos',
    port: '/dev/ttyACM0',
    at: 1000,
    why: 'stalled',
    pid: 7,
    gone: true,
    wrote: [{ frame: 'halt', bytes: 'ff', copies: 3 }],
  }
  r.port.records = [record, { ...record, why: 'ended' }]
  await r.open()
  const fired = r.notes.filter(({ type }) => type === 'guard_fired').map(({ facts }) => facts)
  expect(fired.map(({ problem }) => (problem as Problem).code)).toEqual(['TENDON_LOOP_STALLED', 'TENDON_HOST_ENDED'])
  expect(fired[0]).toMatchObject({ at: 1000, pid: 7, gone: true, wrote: record.wrote })
})
