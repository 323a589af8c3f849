import {
  defineRobot,
  deg,
  degPerSec,
  degPerSec2,
  type JointReading,
  memoryStorage,
  type PlayContext,
  playJoints,
  type Seconds,
  TendonError,
} from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { VirtualClock } from 'tendon/testing'
import { describe, expect, it } from 'vitest'
import { problem } from '../../src/base/problems/index.ts'
import type { RecordingSample } from '../../src/recording/joint-recording.ts'
import { MemoryTransport } from '../../src/transports/memory.ts'

const robot = defineRobot('arm', {
  buses: { servos: feetech({ port: new MemoryTransport({ baudRate: 1_000_000, connect() {} }) }) },
  joints: {
    pan: {
      servo: sts3215('servos', 1),
      position: [deg(-90), deg(90)],
      velocity: degPerSec(100),
      acceleration: degPerSec2(400),
      stop: 'park',
    },
  },
})

/** 20 degrees there and back in two seconds. */
const samples = Array.from(
  { length: 101 },
  (_, i): RecordingSample => [i / 50, deg(20) * Math.sin((Math.PI * i) / 100) ** 2],
)
const text = JSON.stringify({
  format: 'tendon.joint-recording',
  version: 1,
  robot: 'arm',
  joints: ['pan'],
  rate: 50,
  startedAt: 0,
  samples,
})

/** A body's context whose joints are where they were last told to be, `lag` behind. */
function rig({ lag = 0, clock = new VirtualClock() }: { lag?: number; clock?: VirtualClock } = {}) {
  const setpoints: { at: Seconds; position: number; ttl: Seconds | undefined }[] = []
  const moves: { goal: Readonly<Record<string, number>>; speed: number | undefined; at: Seconds }[] = []
  const told: { fraction: number; stretch: number }[] = []
  /** How many of the setpoints from here on are a jump. */
  let refusals = 0
  let position = 0
  const ctx: PlayContext = {
    joints: {
      moveTo: async (goal, options) => {
        moves.push({ goal, speed: options?.speed, at: clock.now() })
        position = goal.pan ?? position
        return { position: goal, duration: 0 }
      },
      setpoint: (joint, goal, ttl) => {
        if (refusals > 0) {
          refusals--
          throw new TendonError(problem('TENDON_SETPOINT_JUMP', { joint, goal, last: position, allowed: 0 }))
        }
        setpoints.push({ at: clock.now(), position: goal, ttl })
        position = goal
      },
      read: (): JointReading => ({ status: 'fresh', position: position - lag, velocity: 0, load: 0, at: clock.now() }),
    },
    storage: memoryStorage({ 'arm/recordings/nod': text }),
    params: {},
    now: () => clock.now(),
    sleep: (duration) => new Promise((resolve) => void clock.after(duration, resolve)),
    feedback: (value) => void told.push(value),
  }
  const refuse = (count: number): void => {
    refusals = count
  }
  return {
    ctx,
    clock,
    setpoints,
    moves,
    told,
    refuse,
    play: (options = {}) => playJoints(ctx, { robot, name: 'nod', ...options }),
  }
}

/** A host that sleeps through 110 ms in the middle. */
class StallingClock extends VirtualClock {
  override after(delay: Seconds, fn: () => void) {
    const due = this.now() + delay
    return super.after(due > 1 && due < 1.13 ? 1.13 - this.now() : delay, fn)
  }
}

describe('the stream of a playback', () => {
  it('is one setpoint a tick with a time to live of 0.1 s, between a slow move to the first pose and one to the last', async () => {
    const { clock, play, setpoints, moves } = rig()
    const { duration, stretch } = await clock.run(play())
    expect([duration, stretch]).toEqual([expect.closeTo(2, 6), 1])
    expect(setpoints).toHaveLength(100)
    expect(new Set(setpoints.map(({ ttl }) => ttl))).toEqual(new Set([0.1]))
    expect(setpoints.map(({ at }) => at)).toEqual(setpoints.map((_, i) => expect.closeTo(i / 50, 9)))
    expect(moves).toEqual([
      { goal: { pan: 0 }, speed: 0.25, at: 0 },
      { goal: { pan: expect.closeTo(0, 4) }, speed: undefined, at: setpoints.at(-1)?.at },
    ])
  })

  it('goes on where it was after a stall: every step is that of one tick, and the ticks missed are told', async () => {
    const { clock, play, setpoints } = rig({ clock: new StallingClock() })
    const { skipped } = await clock.run(play())
    expect(skipped).toBe(5)
    expect(setpoints).toHaveLength(100)
    const steps = setpoints.slice(1).map(({ position }, i) => Math.abs(position - (setpoints[i]?.position ?? 0)))
    // The fastest instant of this nod is 31 degrees a second.
    expect(Math.max(...steps)).toBeLessThan(deg(32) / 50)
    expect(setpoints.at(-1)?.at).toBeCloseTo(1.98 + 5 / 50, 6)
  })

  it('waits a tick where a setpoint comes too soon after a late one', async () => {
    const { clock, play, setpoints, refuse } = rig()
    const played = play()
    await clock.advance(0.5)
    refuse(5)
    await clock.run(played)
    expect(setpoints).toHaveLength(100)
    expect(setpoints.at(-1)?.at).toBeCloseTo(1.98 + 5 / 50, 6)
  })

  it('gives up when that does not end', async () => {
    const { clock, play, refuse } = rig()
    const played = play()
    await clock.advance(0.5)
    refuse(1000)
    await expect(clock.run(played)).rejects.toMatchObject({ code: 'TENDON_SETPOINT_JUMP' })
    expect(clock.pending).toBe(0)
  })

  it('tells its share of the way, never less than before, and 1 at the end', async () => {
    const { clock, play, told } = rig()
    await clock.run(play({ loops: 2 }))
    const fractions = told.map(({ fraction }) => fraction)
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b))
    expect([fractions[0], fractions.at(-1)]).toEqual([0, 1])
    expect(told.every(({ stretch }) => stretch === 1)).toBe(true)
  })

  it('measures how far behind a joint was', async () => {
    const { clock, play } = rig({ lag: deg(2) })
    const { error } = await clock.run(play())
    expect(error.pan?.max).toBeCloseTo(deg(2), 6)
    expect(error.pan?.mean).toBeCloseTo(deg(2), 6)
  })

  it.each([
    ['speed', { speed: 0 }],
    ['speed', { speed: 11 }],
    ['loops', { loops: 0 }],
    ['loops', { loops: 1.5 }],
  ])('with a bad %s is refused before anything moves', async (_, options) => {
    const { clock, play, moves } = rig()
    await expect(clock.run(play(options))).rejects.toMatchObject({ code: 'TENDON_ARGUMENT_INVALID' })
    expect(moves).toEqual([])
  })
})
