import { deg, type JointRecording, memoryStorage, type Outcome, toDegrees } from 'tendon'
import { playback as compass, type SimulationOptions } from 'tendon/sim'
import { harness } from 'tendon/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { type Joint, joints, zero } from './poses.ts'
import so101 from './robot.ts'

const rigs: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close()
})

/** Where a hand leads the joints that it holds, over time. */
type Path = (t: number) => Partial<Record<Joint, number>>

/** Two joints in a slow figure: 60 and 40 degrees wide, at most 47 deg/s. */
const figure: Path = (t) => ({
  shoulder_pan: deg(30) * Math.sin(Math.PI * 0.5 * t) ** 2,
  wrist_flex: deg(-20) * Math.sin(Math.PI * 0.25 * t) ** 2,
})

async function armed(options: SimulationOptions & { texts?: Record<string, string> } = {}) {
  const { texts, ...simulation } = options
  const storage = memoryStorage(texts)
  const quiet = compass({ bytes: new Uint8Array(0), baudRate: 4800 })
  const rig = await harness(so101, { initial: zero, sensors: { heading: quiet }, storage, ...simulation })
  rigs.push(rig)
  await rig.arm()
  const { sim, clock, robot } = rig
  const angle = (joint: Joint): number => toDegrees(sim.servo(joint).angle)
  const torques = (): number[] => sim.servos.map((servo) => servo.read('torqueEnable'))
  /** Waits until the arm is limp, then moves it by hand for as long as the path is told to last. */
  const guide = async (path: Path, seconds: number): Promise<void> => {
    while (torques().some((torque) => torque === 1)) await clock.advance(0.02)
    await clock.advance(0.1)
    for (let t = 0; t <= seconds; t += 0.01) {
      for (const [joint, at] of Object.entries(path(t))) sim.servo(joint).turnTo(at)
      await clock.advance(0.01)
    }
    await clock.advance(0.1)
  }
  /** Records what a hand does with the limp arm, until it says that it is done. */
  const recorded = async (name: string, path: Path, seconds: number) => {
    const run = robot.record({ name })
    await guide(path, seconds)
    run.send('done')
    return clock.run(run.value())
  }
  const saved = async (name: string): Promise<JointRecording> =>
    JSON.parse((await storage.read(`so101/recordings/${name}`)) ?? 'null')
  return { ...rig, storage, angle, torques, guide, recorded, saved }
}

const codeOf = (outcome: Outcome): unknown => ('error' in outcome ? outcome.error.code : outcome.status)

describe('recording by hand', () => {
  it('lets the whole arm go limp in the state recording, and holds it again, where it is, once it is done', async () => {
    const { robot, clock, torques, guide, angle, events } = await armed()
    const run = robot.record({ name: 'figure' })
    await guide(figure, 1)
    expect([robot.state, torques()]).toEqual(['recording', [0, 0, 0, 0, 0, 0]])
    const refused = await clock.run(robot.home().result())
    expect(codeOf(refused)).toBe('TENDON_STATE_NOT_ALLOWED')
    const before = joints.map(angle)
    run.send('done')
    const result = await clock.run(run.value())
    expect([robot.state, torques()]).toEqual(['idle', [1, 1, 1, 1, 1, 1]])
    for (const [i, joint] of joints.entries()) expect(angle(joint)).toBeCloseTo(before[i] ?? Number.NaN, 0)
    expect(result).toMatchObject({ name: 'figure', joints, ended: 'message', outside: [] })
    const hops = events('transition').map(({ from, to }) => `${from} > ${to}`)
    expect(hops).toEqual(['disarmed > idle', 'idle > recording', 'recording > idle'])
  })

  it('saves what the encoders read, 50 times a second, with its own time', async () => {
    const { recorded, saved } = await armed()
    const { samples, duration, missed } = await recorded('figure', figure, 4)
    const recording = await saved('figure')
    expect(recording).toMatchObject({ format: 'tendon.joint-recording', version: 1, robot: 'so101', joints, rate: 50 })
    expect(recording.samples).toHaveLength(samples)
    expect(samples / duration).toBeCloseTo(50, -0.3)
    expect(missed).toBeLessThanOrEqual(1)
    // The hand began some time after the first sample: by how much, the pan tells at its first turn.
    const pan = recording.samples.map(([t, at = Number.NaN]) => ({ t, at }))
    const peak = pan.reduce((best, sample) => (sample.at > best.at ? sample : best), pan[0] ?? { t: 0, at: 0 })
    const begun = peak.t - 1
    for (const { t, at } of pan)
      if (t > begun && t < begun + 4)
        expect(Math.abs(at - (figure(t - begun).shoulder_pan ?? 0))).toBeLessThan(deg(1.5))
  })

  it('counts readings that were missing, and makes none up', async () => {
    const { robot, clock, sim, guide, saved } = await armed()
    const run = robot.record({ name: 'gap' })
    await guide(figure, 0.5)
    sim.faults.silence('elbow_flex')
    await clock.advance(0.1)
    sim.faults.clear('elbow_flex')
    await clock.advance(0.3)
    run.send('done')
    const { missed } = await clock.run(run.value())
    expect(missed).toBeGreaterThanOrEqual(4)
    const { samples } = await saved('gap')
    const gaps = samples.slice(1).map(([t], i) => t - (samples[i]?.[0] ?? 0))
    expect(Math.max(...gaps)).toBeGreaterThan(0.09)
  })

  it('ends by itself when its time is over, and tells seconds and samples meanwhile', async () => {
    const { robot, clock } = await armed()
    const run = robot.record({ name: 'short', seconds: 2 })
    const told: { seconds: number; samples: number }[] = []
    const heard = (async () => {
      for await (const progress of run.feedback) told.push(progress)
    })()
    const { ended, duration } = await clock.run(run.value())
    await heard
    expect([ended, duration]).toEqual(['time', expect.closeTo(2, 1)])
    expect(told.map(({ samples }) => samples)).toEqual(told.map(({ samples }) => samples).sort((a, b) => a - b))
    expect(told.at(-1)).toMatchObject({ seconds: expect.closeTo(2, 1), samples: expect.closeTo(100, -1) })
  })

  it('canceled on the way it gives what it has as partial, holds the arm again, and saves nothing', async () => {
    const { robot, clock, guide, torques, storage } = await armed()
    const run = robot.record({ name: 'figure' })
    await guide(figure, 1)
    const outcome = await clock.run(run.cancel())
    expect(outcome).toMatchObject({ status: 'canceled', reason: 'requested', stopConfirmed: true, cutOff: false })
    const partial = outcome.status === 'canceled' ? (outcome.partial as JointRecording) : undefined
    expect(partial?.samples.length).toBeGreaterThan(45)
    expect([robot.state, torques()]).toEqual(['idle', [1, 1, 1, 1, 1, 1]])
    expect(await storage.list('so101')).toEqual([])
  })

  it('stopped on the way it gives what it has as partial, and leaves the arm without power', async () => {
    const { robot, clock, guide, torques, storage, events } = await armed()
    const run = robot.record({ name: 'figure' })
    await guide(figure, 1)
    expect((await clock.run(robot.stop())).confirmed).toBe(true)
    const outcome = await clock.run(run.result(), { limit: 0.5 })
    expect(events('user_code_threw')).toEqual([])
    expect(outcome).toMatchObject({ status: 'canceled', reason: 'safety', stopConfirmed: true, cutOff: false })
    const partial = outcome.status === 'canceled' ? (outcome.partial as JointRecording) : undefined
    expect(partial?.samples.length).toBeGreaterThan(45)
    expect([robot.state, torques()]).toEqual(['disarmed', [0, 0, 0, 0, 0, 0]])
    expect(await storage.list('so101')).toEqual([])
  })

  it('waits for a hand that still moves the arm before it gives it power', async () => {
    const { robot, clock, sim, guide, torques } = await armed()
    const run = robot.record({ name: 'figure' })
    await guide(figure, 0.5)
    run.send('done')
    for (let t = 0; t < 2; t += 0.01) {
      sim.servo('shoulder_pan').turnTo(deg(30) * t)
      await clock.advance(0.01)
      expect(torques()[0]).toBe(0)
    }
    expect((await clock.run(run.result())).status).toBe('succeeded')
    expect(torques()).toEqual([1, 1, 1, 1, 1, 1])
  })

  it('keeps what it recorded, and says which joints are limp, when the hand never holds still', async () => {
    const { robot, clock, sim, guide } = await armed()
    const run = robot.record({ name: 'figure' })
    await guide(figure, 0.5)
    run.send('done')
    for (let t = 0; t < 8 && run.outcome === undefined; t += 0.01) {
      sim.servo('shoulder_pan').turnTo(deg(20) * Math.sin(4 * t))
      await clock.advance(0.01)
    }
    const outcome = await clock.run(run.result())
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'TENDON_RECORDING_NOT_HELD', power: 'unknown' } })
    expect(outcome.status === 'failed' && (outcome.partial as JointRecording).samples.length).toBeGreaterThan(20)
  })

  it('is left by ready: a motion may then take its place, when the arm holds again', async () => {
    const { robot, clock, guide, events } = await armed()
    const run = robot.record({ name: 'figure' })
    await guide(figure, 0.5)
    await clock.run(robot.ready().value())
    expect(robot.state).toBe('idle')
    const home = robot.home()
    expect(await clock.run(run.result())).toMatchObject({
      status: 'canceled',
      reason: 'preempted',
      stopConfirmed: true,
    })
    expect((await clock.run(home.result())).status).toBe('succeeded')
    const hops = events('transition').map(({ from, to }) => `${from} > ${to}`)
    expect(hops).toEqual(['disarmed > idle', 'idle > recording', 'recording > idle'])
  })

  it.each(['', '../figure', 'a/b', 'x'.repeat(65)])(
    'refuses the name %j before it lets go of the arm',
    async (name) => {
      const { robot, clock, torques } = await armed()
      const outcome = await clock.run(robot.record({ name }).result())
      expect(codeOf(outcome)).toBe('TENDON_RECORDING_NAME')
      expect(torques()).toEqual([1, 1, 1, 1, 1, 1])
    },
  )
})

describe('playing back', () => {
  it('moves slowly to the first pose, then along the recorded path, within 2.5 degrees of it', async () => {
    const { robot, clock, recorded, saved, angle } = await armed()
    await recorded('figure', figure, 4)
    const { samples } = await saved('figure')
    await clock.run(robot.moveTo({ shoulder_pan: deg(-60), gripper: deg(40) }).value())
    const run = robot.play({ name: 'figure' })
    const played: { pan: number; wrist: number }[] = []
    let fastest = 0
    let playing = false
    while (run.outcome === undefined) {
      const before = angle('shoulder_pan')
      await clock.advance(0.02)
      if (!playing) fastest = Math.max(fastest, Math.abs(angle('shoulder_pan') - before) / 0.02)
      playing ||= Math.abs(angle('shoulder_pan')) < 1 && Math.abs(angle('gripper')) < 1
      if (playing) played.push({ pan: angle('shoulder_pan'), wrist: angle('wrist_flex') })
      if (playing && run.outcome === undefined) expect(robot.state).toBe('playback')
    }
    expect(fastest).toBeLessThan(0.3 * 120)
    const outcome = run.outcome
    expect(outcome).toMatchObject({ status: 'succeeded', value: { name: 'figure', loops: 1, skipped: 0 } })
    const { stretch } = await run.value()
    expect([stretch >= 1, stretch < 1.02]).toEqual([true, true])
    // Both as curves in space, so that the lag of the servos does not count as an error of the path.
    for (const { pan, wrist } of played) {
      const off = Math.min(
        ...samples.map(([, p = 0, , , w = 0]) => Math.hypot(pan - toDegrees(p), wrist - toDegrees(w))),
      )
      expect(off).toBeLessThan(2.5)
    }
    expect(Math.max(...played.map(({ pan }) => pan))).toBeGreaterThan(28.5)
    expect(Math.min(...played.map(({ wrist }) => wrist))).toBeLessThan(-18.5)
    expect(robot.state).toBe('idle')
  })

  it('says how well each joint followed, as its readings have it', async () => {
    const { robot, clock, recorded } = await armed()
    await recorded('figure', figure, 4)
    const { error, duration } = await clock.run(robot.play({ name: 'figure' }).value())
    expect(Object.keys(error)).toEqual(joints)
    expect(duration).toBeGreaterThan(4)
    const { shoulder_pan: moved, wrist_roll: still } = error
    // 47 deg/s and a lag of some ticks.
    expect(toDegrees(moved?.max ?? Number.NaN)).toBeGreaterThan(0.5)
    expect(toDegrees(moved?.max ?? Number.NaN)).toBeLessThan(6)
    expect(moved?.mean).toBeLessThan(moved?.max ?? 0)
    expect(toDegrees(still?.max ?? Number.NaN)).toBeLessThan(0.2)
  })

  it('stretches a recording that is faster than the joints, says by how much, and no joint exceeds its speed', async () => {
    const { robot, clock, recorded, sim, angle } = await armed()
    // 120 degrees there and back: 377 deg/s at most, three times the limit.
    const fast: Path = (t) => ({ shoulder_pan: deg(120) * Math.sin(Math.PI * Math.min(t, 1)) ** 2 - deg(60) })
    await recorded('fast', fast, 1.2)
    const run = robot.play({ name: 'fast' })
    let [fastest, furthest] = [0, -90]
    while (run.outcome === undefined) {
      await clock.advance(0.01)
      fastest = Math.max(fastest, Math.abs(toDegrees(sim.servo('shoulder_pan').velocity)))
      furthest = Math.max(furthest, angle('shoulder_pan'))
    }
    const { stretch } = await run.value()
    expect(stretch).toBeGreaterThan(2)
    expect(stretch).toBeLessThan(5)
    expect(fastest).toBeLessThanOrEqual(121)
    expect(furthest).toBeGreaterThan(58)
  })

  it('at half speed takes twice as long, and twice through twice as long again', async () => {
    const { robot, clock, recorded } = await armed()
    await recorded('figure', figure, 2)
    const took = async (goal: { speed?: number; loops?: number }): Promise<number> => {
      const start = clock.now()
      await clock.run(robot.play({ name: 'figure', ...goal }).value())
      return clock.now() - start
    }
    const once = await took({})
    expect((await took({ speed: 0.5 })) - once).toBeCloseTo(2.5, 0)
    expect(await took({ loops: 2 })).toBeGreaterThan(1.8 * once)
  })

  it('canceled on the way it stops, still powered, and is over', async () => {
    const { robot, clock, recorded, sim, torques } = await armed()
    await recorded('figure', figure, 4)
    const run = robot.play({ name: 'figure' })
    await clock.advance(1.5)
    expect(sim.servos.some(({ moving }) => moving)).toBe(true)
    expect(await clock.run(run.cancel())).toMatchObject({ status: 'canceled', stopConfirmed: true, cutOff: false })
    expect([robot.state, sim.servos.some(({ moving }) => moving)]).toEqual(['idle', false])
    expect(torques()).toEqual([1, 1, 1, 1, 1, 1])
  })

  it('stopped on the way the arm parks and loses its power', async () => {
    const { robot, clock, recorded, torques } = await armed()
    await recorded('figure', figure, 4)
    const run = robot.play({ name: 'figure' })
    await clock.advance(1.5)
    expect((await clock.run(robot.stop())).confirmed).toBe(true)
    expect(await clock.run(run.result())).toMatchObject({ status: 'canceled', reason: 'safety', stopConfirmed: true })
    expect([robot.state, torques()]).toEqual(['disarmed', [0, 0, 0, 0, 0, 0]])
  })

  it('of a recording that ends at a limit, as a folded arm reads, is played, and says what it adjusted', async () => {
    const { robot, clock, recorded } = await armed()
    const { min } = { min: so101.hardware.joints.gripper?.position[0] ?? 0 }
    await recorded('close', (t) => ({ gripper: Math.max(min - 0.002, -0.1 * t) }), 2.5)
    const { adjusted } = await clock.run(robot.play({ name: 'close' }).value())
    expect(Object.keys(adjusted)).toEqual(['gripper'])
    expect(adjusted.gripper).toBeLessThan(0.004)
  })

  const good = {
    format: 'tendon.joint-recording',
    version: 1,
    robot: 'so101',
    joints: ['shoulder_pan'],
    rate: 50,
    startedAt: 0,
    samples: [
      [0, 0],
      [0.5, 0.1],
    ],
  }

  it.each([
    ['of another robot', { robot: 'so100' }, 'TENDON_RECORDING_OTHER_ROBOT'],
    ['with a joint that there is not', { joints: ['shoulder_pam'] }, 'TENDON_RECORDING_UNKNOWN_JOINT'],
    [
      'past a limit',
      {
        samples: [
          [0, 0],
          [0.5, 2],
        ],
      },
      'TENDON_RECORDING_LIMIT',
    ],
  ])('%s is refused with its code, and nothing moves', async (_, change, code) => {
    const texts = { 'so101/recordings/given': JSON.stringify({ ...good, ...change }) }
    const { robot, clock, sim } = await armed({ texts })
    const goals = sim.servos.map((servo) => servo.read('goalPosition'))
    expect(codeOf(await clock.run(robot.play({ name: 'given' }).result()))).toBe(code)
    expect(sim.servos.map((servo) => servo.read('goalPosition'))).toEqual(goals)
  })

  it('of what was never recorded says so, with near names', async () => {
    const { robot, clock } = await armed({ texts: { 'so101/recordings/wave': JSON.stringify(good) } })
    const outcome = await clock.run(robot.play({ name: 'wvae' }).result())
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { code: 'TENDON_RECORDING_MISSING', facts: { near: ['wave'] } },
    })
  })

  it('recordings are listed and forgotten by name', async () => {
    const { robot, clock, recorded } = await armed()
    await recorded('one', figure, 0.5)
    await recorded('two', figure, 0.5)
    expect(await clock.run(robot.recordings().value())).toEqual({ names: ['one', 'two'] })
    await clock.run(robot.forget({ name: 'one' }).value())
    expect(await clock.run(robot.recordings().value())).toEqual({ names: ['two'] })
  })
})
