import { defineRobot, deg, degPerSec, type RobotEvent } from 'tendon'
import type { ByteTransport, StopPolicy } from 'tendon/device'
import { feetech, sts3215 } from 'tendon/feetech'
import { type HarnessOptions, harness } from 'tendon/testing'
import { describe, expect, it } from 'vitest'
import { fixture } from '../motion/rig-fixture.ts'

const nowhere: ByteTransport = {
  kind: 'none',
  address: 'none',
  baudRate: 1_000_000,
  open: () => Promise.reject(new Error('this arm is simulated')),
}

function armOf(policies: Readonly<Record<'pan' | 'lift' | 'jaw', StopPolicy>>) {
  const joint = (id: number, stop: StopPolicy) =>
    ({ servo: sts3215('servos', id), position: [deg(-110), deg(110)], velocity: degPerSec(90), stop }) as const
  const model = defineRobot('arm', {
    categories: { motion: { conflict: 'preempt' } },
    buses: { servos: feetech({ port: nowhere }) },
    joints: { pan: joint(1, policies.pan), lift: joint(2, policies.lift), jaw: joint(3, policies.jaw) },
  })
  const release = model.command({
    category: 'motion',
    claims: ['pan', 'lift', 'jaw'],
    async run({ joints, sleep }) {
      await joints.release('pan', 'lift', 'jaw')
      await sleep(60)
    },
  })
  return model.with({ move: model.moveTo({ category: 'motion' }), release })
}

const PARK = armOf({ pan: 'park', lift: 'park', jaw: 'park' })
const HOLD = armOf({ pan: 'hold', lift: 'hold', jaw: 'hold' })
const MIXED = armOf({ pan: 'park', lift: 'hold', jaw: 'cut' })
const CUT = armOf({ pan: 'cut', lift: 'cut', jaw: 'cut' })

type What = 'read' | 'goals' | 'stop' | 'off to all' | 'write'

/** What a frame of the host is for. */
function kindOf(bytes: Uint8Array): What {
  const [, , id, , instruction, address] = bytes
  if (instruction === 0x02 || instruction === 0x82 || instruction === 0x01) return 'read'
  if (instruction === 0x83 && address === 42) return 'goals'
  if (instruction === 0x83 && (address === 40 || address === 41)) return 'stop'
  return id === 0xfe && instruction === 0x03 && address === 40 ? 'off to all' : 'write'
}

async function world(definition: typeof PARK, options: HarnessOptions = {}) {
  const rig = await harness(definition, options)
  const { sim, clock, robot, run } = rig
  const heard: { readonly at: number; readonly what: What; readonly bytes: Uint8Array }[] = []
  sim.tap(({ at, from, bytes }) => {
    if (from === 'host') heard.push({ at, what: kindOf(bytes), bytes: bytes.slice() })
  })
  const notes = (what: string) => rig.events('note').flatMap((event) => (event.what === what ? [event] : []))
  return {
    ...rig,
    heard,
    notes,
    faults: () => rig.events('fault').map(({ problem }) => problem.code),
    /** Pulls the cable for so long, and then lets the robot find it again and look at its servos. */
    async outage(seconds: number) {
      sim.faults.unplug()
      await clock.advance(seconds)
      heard.length = 0
      sim.faults.plug()
      await clock.advance(8)
    },
    powered: () => sim.servos.filter(({ powered }) => powered).map(({ joint }) => joint),
    async recovered() {
      const acknowledged = await run(robot.acknowledge({ by: 'me' }))
      const { state } = robot.safety
      const { armed } = await run(robot.arm())
      const outcome = await run(robot.move({ pan: deg(10) }).result())
      return { confirmed: acknowledged.confirmed, state, armed, moved: outcome.status }
    },
  }
}

const ALL_WELL = { confirmed: true, state: 'disarmed', armed: true, moved: 'succeeded' }

describe('a bus that is lost while armed', () => {
  it('ends its run as hardware_lost and the robot in fault; on replug the stop is sent, read back, and acknowledged', async () => {
    const { robot, clock, sim, run, faults, events, notes, outage, recovered, powered, close, arm } = await world(PARK)
    const told: number[] = []
    robot.log.on('verdict', ({ at }) => told.push(clock.now() - at))
    await arm()
    const moving = robot.move({ pan: deg(80) })
    await clock.advance(0.3)
    sim.faults.unplug()
    expect(await run(moving.result())).toMatchObject({ status: 'failed', error: { code: 'TENDON_HARDWARE_LOST' } })
    await clock.advance(1)
    expect([robot.safety.state, powered()]).toEqual(['fault', ['pan', 'lift', 'jaw']])
    expect(faults()).toEqual(['TENDON_HARDWARE_LOST', 'TENDON_DISARM_NOT_CONFIRMED'])
    await outage(3)
    expect(events('verdict').at(-1)).toMatchObject({ confirmed: true })
    expect(powered()).toEqual([])
    // Listeners hear of the verdict when it falls, although the fault stays a fault.
    expect(told).toEqual([0, 0])
    expect(notes('bus_back')).toMatchObject([{ facts: { bus: 'servos', verified: true } }])
    // Nobody has acknowledged yet.
    expect(robot.safety.state).toBe('fault')
    expect((await run(robot.arm())).armed).toBe(false)
    expect(await recovered()).toEqual(ALL_WELL)
    await close()
  })

  it('hears nothing but readings before the stop, and no goal of before the loss or of during it, ever', async () => {
    const { robot, clock, heard, run, sim, close, arm } = await world(MIXED)
    await arm()
    robot.move({ pan: deg(80), lift: deg(60) })
    await clock.advance(0.3)
    sim.faults.unplug()
    await clock.advance(0.05)
    // What people do while nothing answers.
    expect((await run(robot.move({ pan: deg(-80) }).result())).status).toBe('refused')
    await run(robot.stop())
    robot.reset()
    await run(robot.disarm({ cut: false }))
    await clock.advance(5)
    heard.length = 0
    sim.faults.plug()
    await clock.advance(8)
    const kinds = heard.map(({ what }) => what)
    const first = kinds.findIndex((what) => what !== 'read')
    expect(kinds[first]).toBe('stop')
    expect(kinds).not.toContain('goals')
    // One question and its three answers, no more, lies between the new link and the stop.
    expect(first).toBe(1)
    expect((heard[first]?.at ?? Infinity) - (heard[0]?.at ?? 0)).toBeLessThan(0.03)
    await close()
  })

  it('whose joints are all cut hears the torque-off as its very first frame', async () => {
    const { heard, outage, close, arm, powered } = await world(CUT)
    await arm()
    await outage(5)
    expect(heard[0]?.what).toBe('off to all')
    expect(powered()).toEqual([])
    await close()
  })

  it('for minutes moves no joint by more than a degree when it is back, and those that hold still hold', async () => {
    const { robot, clock, sim, events, outage, close, arm, powered, run } = await world(HOLD)
    await arm()
    await run(robot.move({ pan: deg(40), lift: deg(-30) }).result())
    robot.move({ pan: deg(-40) })
    await clock.advance(0.4)
    sim.faults.unplug()
    // They go on to the last goal that they heard.
    await clock.advance(2)
    const before = sim.servos.map(({ angle }) => angle)
    let farthest = 0
    sim.tap(() => {
      for (const [i, { angle }] of sim.servos.entries())
        farthest = Math.max(farthest, Math.abs(angle - (before[i] ?? 0)))
    })
    await outage(600)
    expect(farthest).toBeLessThan(deg(1))
    expect(
      events('verdict')
        .at(-1)
        ?.joints.map(({ verdict }) => verdict),
    ).toEqual(['holding', 'holding', 'holding'])
    expect(powered()).toEqual(['pan', 'lift', 'jaw'])
    await close()
  })

  it.each([
    ['all hold', HOLD],
    ['each has another policy', MIXED],
  ])(
    'and whose supply went meanwhile, so that its joints sank, powers none of them where it was (%s)',
    async (_, arm) => {
      const { sim, clock, outage, events, powered, close, ...rig } = await world(arm, {
        joints: { pan: { gravity: 0.3 }, lift: { gravity: 0.3 } },
      })
      // Something supports them until the supply goes.
      for (const joint of ['pan', 'lift']) sim.faults.jam(joint)
      await rig.arm()
      sim.faults.unplug()
      await clock.advance(0.5)
      sim.powerCycle()
      for (const joint of ['pan', 'lift']) sim.faults.free(joint)
      await clock.advance(0.3)
      const sunk = sim.servo('lift').angle
      expect(sunk).toBeGreaterThan(deg(3))
      const hadPower: string[] = []
      sim.tap(() => hadPower.push(...powered()))
      await outage(0.5)
      expect(hadPower).toEqual([])
      expect(sim.servo('lift').angle).toBeGreaterThanOrEqual(sunk)
      expect(
        events('verdict')
          .at(-1)
          ?.joints.map(({ verdict }) => verdict),
      ).toEqual(['off', 'off', 'off'])
      await close()
    },
  )

  it('with all of its joints released is a fault too', async () => {
    const { robot, sim, clock, faults, outage, powered, recovered, close, arm } = await world(PARK)
    await arm()
    robot.release()
    await clock.advance(1)
    expect([powered(), robot.safety.state]).toEqual([[], 'armed'])
    sim.faults.unplug()
    await clock.advance(0.01)
    expect([faults()[0], robot.safety.state]).toEqual(['TENDON_HARDWARE_LOST', 'fault'])
    await outage(1)
    expect(await recovered()).toEqual(ALL_WELL)
    await close()
  })
})

describe('a bus that is lost while nothing has power', () => {
  it('is no fault, comes back without a stop or a verdict, and the robot can be armed', async () => {
    const { robot, notes, faults, events, heard, outage, recovered, clock, close } = await world(PARK)
    await clock.advance(1)
    await outage(4)
    expect([notes('bus_lost').length, notes('bus_back').length, faults()]).toEqual([1, 1, []])
    expect(notes('bus_back')[0]?.facts).toMatchObject({ bus: 'servos', verified: false })
    expect(events('verdict')).toEqual([])
    expect(new Set(heard.map(({ what }) => what))).toEqual(new Set(['read']))
    expect(robot.safety.state).toBe('disarmed')
    expect(robot.joints.pan.status).toBe('fresh')
    expect(await recovered()).toEqual(ALL_WELL)
    await close()
  })

  it('cannot be armed meanwhile, and says which bus it is', async () => {
    const { robot, run, sim, clock, close } = await world(PARK)
    sim.faults.unplug()
    await clock.advance(1)
    const verdict = await run(robot.arm())
    expect(verdict).toMatchObject({ armed: false, problems: [{ code: 'TENDON_ARM_BUS_CLOSED' }] })
    await close()
  })
})

describe('a bus that stays out', () => {
  it('is tried after waits that double from 0.1 s to 2 s, and is told once for each reason and not at each try', async () => {
    const { clock, bus, hardware, notes } = fixture()
    await clock.run(hardware.open())
    const began = clock.now()
    const waits: number[] = []
    let last = began
    bus.open = async () => {
      waits.push(Math.round((clock.now() - last) * 1000) / 1000)
      last = clock.now()
      throw new Error(clock.now() - began < 10 ? 'not there' : 'in use')
    }
    bus.pull()
    await clock.advance(14)
    expect(waits).toEqual([0.1, 0.2, 0.4, 0.8, 1.6, 2, 2, 2, 2, 2])
    expect(notes.flatMap(({ type, facts }) => (type === 'bus_not_back' ? [facts.what] : []))).toEqual([
      'not there',
      'in use',
    ])
    await clock.run(hardware.close())
    expect(clock.pending).toBe(0)
  })

  it('that comes back for moments only keeps its long waits; one that had been well begins with the short one', async () => {
    const { clock, bus, hardware } = fixture()
    await clock.run(hardware.open())
    const lostFor = async (): Promise<number> => {
      const at = clock.now()
      bus.pull()
      while (!bus.isOpen) await clock.advance(0.05)
      return Math.round((clock.now() - at) * 10) / 10
    }
    expect([await lostFor(), await lostFor(), await lostFor()]).toEqual([0.1, 0.2, 0.4])
    await clock.advance(3)
    expect(await lostFor()).toBe(0.1)
    await clock.run(hardware.close())
  })

  it.each([0, 0.05, 0.1, 0.1001, 0.35, 5])(
    'leaves nothing when the robot is closed %s s after the loss',
    async (after) => {
      const { sim, clock, arm, close } = await world(PARK)
      await arm()
      sim.faults.unplug()
      await clock.advance(after)
      // Throws when a timer is left.
      expect((await close()).confirmed).toBe(false)
    },
  )

  it.each([0, 0.0005, 0.002, 0.01, 0.1])(
    'leaves nothing when the robot is closed %s s after it came back',
    async (after) => {
      const { sim, clock, arm, notes, heard, close } = await world(PARK)
      await arm()
      sim.faults.unplug()
      await clock.advance(1)
      heard.length = 0
      sim.faults.plug()
      while (heard.length === 0) await clock.advance(0.0001)
      await clock.advance(after)
      await close()
      expect(notes('bus_not_closed')).toEqual([])
    },
  )
})

describe('a loss at a bad moment', () => {
  const trouble = (events: RobotEvent[]): string[] =>
    events.flatMap((event) => (event.type === 'fault' ? [event.problem.code] : []))

  it.each([0.001, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3])(
    'during an arming, %s s after it began, ends it, and leaves no joint powered for good',
    async (after) => {
      const { robot, clock, sim, run, outage, recovered, powered, close } = await world(PARK)
      const arming = robot.arm()
      await clock.advance(after)
      sim.faults.unplug()
      const verdict = await run(arming)
      await outage(3)
      if (!verdict.armed) expect(verdict.problems.length).toBeGreaterThan(0)
      expect(robot.safety.state).not.toBe('armed')
      expect(powered()).toEqual([])
      expect(await recovered()).toEqual(ALL_WELL)
      await close()
    },
  )

  it.each([0, 0.003, 0.02, 0.1, 0.4, 0.8])(
    'during a stop, %s s after it began, ends in a verdict that is honest and is made good when the bus is back',
    async (after) => {
      const { robot, clock, sim, run, outage, recovered, powered, events, close, arm } = await world(PARK)
      await arm()
      robot.move({ pan: deg(90), lift: deg(60) })
      await clock.advance(0.4)
      const stopping = robot.stop({ by: 'me', reason: 'a test' })
      await clock.advance(after)
      sim.faults.unplug()
      const { confirmed } = await run(stopping)
      expect(confirmed).toBe(powered().length === 0)
      await outage(3)
      expect(powered()).toEqual([])
      if (!confirmed) expect(events('verdict').at(-1)?.confirmed).toBe(true)
      expect(robot.safety.latch).toMatchObject({ by: 'me' })
      expect((await run(robot.acknowledge())).confirmed).toBe(true)
      robot.reset()
      expect((await recovered()).moved).toBe('succeeded')
      await close()
    },
  )

  it.each([0.0002, 0.001, 0.004, 0.02, 0.1])(
    'while its servos are read back, %s s after it came back, is a second loss, and the next return verifies anew',
    async (after) => {
      const { robot, clock, sim, outage, recovered, powered, heard, close, arm } = await world(PARK)
      await arm()
      sim.faults.unplug()
      await clock.advance(1)
      heard.length = 0
      sim.faults.plug()
      while (heard.length === 0) await clock.advance(0.0001)
      await clock.advance(after)
      sim.faults.unplug()
      await clock.advance(2)
      expect(trouble(robot.log.entries()).length).toBeGreaterThan(0)
      expect(robot.safety.state).toBe('fault')
      await outage(1)
      expect(powered()).toEqual([])
      expect(await recovered()).toEqual(ALL_WELL)
      await close()
    },
  )

  it('50 times over ends 50 times in a verified stop, and holds no more timers than at first', {
    timeout: 30_000,
  }, async () => {
    const { robot, clock, sim, run, powered, close, arm, notes } = await world(PARK, { limits: { eventLog: 10_000 } })
    const timers: number[] = []
    for (let time = 0; time < 50; time++) {
      await arm()
      void robot.move({ pan: deg(time % 2 ? 60 : -60) })
      await clock.advance(0.1 + (time % 7) * 0.013)
      sim.faults.unplug()
      await clock.advance(0.2 + (time % 5))
      sim.faults.plug()
      await clock.advance(3)
      expect([powered(), robot.safety.state]).toEqual([[], 'fault'])
      expect((await run(robot.acknowledge())).confirmed).toBe(true)
      await clock.advance(1)
      timers.push(clock.pending)
    }
    expect(new Set(timers).size).toBe(1)
    expect(notes('bus_back')).toHaveLength(50)
    await close()
  })
})
