import { type RobotDefinition, TendonError } from 'tendon'
import { harness } from 'tendon/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import so101 from '../../robots/so101/robot.ts'
import { goalShape } from '../../src/cli/control/goal-fields.ts'
import type { ListView, RunsView, StatusView } from '../../src/cli/control/protocol.ts'
import { answeringFor } from '../../src/cli/control/requests.ts'
import type { Reply } from '../../src/cli/control/session.ts'
import type { AnyRobot } from '../../src/cli/control/views.ts'

const definition = so101 as unknown as RobotDefinition
const closing: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const rig of closing.splice(0)) await rig.close()
})

/** What answers for a simulated SO-101 on a clock that moves only when the test says so. */
async function rig() {
  const made = await harness(so101)
  closing.push(made)
  const { robot, clock, run } = made
  const answering = answeringFor({ robot: robot as unknown as AnyRobot, definition, simulated: true, clock })
  const events: unknown[] = []
  let gone = false
  const ends: (() => void)[] = []
  const reply: Reply = {
    event: (event) => {
      events.push(event)
      return true
    },
    drained: async () => {},
    get gone() {
      return gone
    },
    owns: (handle) => ends.push(() => void handle.cancel()),
    whenGone: (end) => ends.push(end),
  }
  const ask = (verb: string, body: object = {}): Promise<unknown> => answering({ id: 1, verb, ...body }, reply)
  const leave = (): void => {
    gone = true
    for (const end of ends) end()
  }
  return { ...made, robot, clock, run, ask, events, leave }
}

async function problemOf(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof TendonError)) throw new Error('a coded problem was expected')
  return error.problem
}

describe('exec over the socket', () => {
  it('arms only when it was told to, and says so', async () => {
    const { ask, run, robot, events } = await rig()
    expect(await run(ask('exec', { command: 'home' }))).toMatchObject({
      outcome: { status: 'refused', error: { code: 'TENDON_DISARMED' } },
    })
    expect(robot.safety.state).toBe('disarmed')
    expect(await run(ask('exec', { command: 'home', arm: true }))).toMatchObject({ outcome: { status: 'succeeded' } })
    expect(events).toContainEqual({ type: 'armed' })
    expect(events.at(-1)).toEqual({ type: 'feedback', feedback: { fraction: 1 } })
  })

  it('tells everything that stood against arming, and starts nothing', async () => {
    const { ask, run, sim, robot } = await rig()
    sim.faults.silence('elbow_flex')
    sim.faults.heat('gripper', 75)
    const result = (await run(ask('exec', { command: 'home', arm: true }))) as { notArmed: { code: string }[] }
    expect(result.notArmed.map(({ code }) => code)).toEqual([
      'TENDON_ARM_SERVO_SILENT',
      'TENDON_ARM_TEMPERATURE',
      'TENDON_ARM_ALARM',
      'TENDON_SERVO_MISSING',
    ])
    expect(robot.log.entries().some(({ type }) => type === 'started')).toBe(false)
  })

  it('runs under the name of the command line, for the log', async () => {
    const { ask, run, events: _events, robot } = await rig()
    await run(ask('exec', { command: 'recordings' }))
    const started = robot.log.entries().find((event) => event.type === 'started')
    expect(started).toMatchObject({ cause: { by: 'cli', reason: 'tendon exec' } })
  })

  it('whose caller goes is canceled', async () => {
    const { ask, arm, clock, robot, leave } = await rig()
    await arm()
    void ask('exec', { command: 'wave' })
    await clock.advance(0.2)
    expect(robot.runs().map(({ command }) => command)).toEqual(['wave'])
    leave()
    await clock.advance(1)
    expect(robot.runs()).toEqual([])
    expect(robot.log.entries().findLast((event) => event.type === 'ended')).toMatchObject({
      status: 'canceled',
      reason: 'requested',
    })
  })

  it('that is detached answers at once, and outlives its caller', async () => {
    const { ask, arm, clock, robot, leave } = await rig()
    await arm()
    expect(await ask('exec', { command: 'wave', detach: true })).toMatchObject({ detached: true })
    leave()
    await clock.advance(1)
    expect(robot.runs().map(({ command }) => command)).toEqual(['wave'])
  })

  it('that is detached and refused says so', async () => {
    const { ask } = await rig()
    expect(await ask('exec', { command: 'wave', detach: true })).toMatchObject({ outcome: { status: 'refused' } })
  })

  it('whose caller goes while the robot arms does not start', async () => {
    const { ask, run, robot, leave } = await rig()
    const asked = problemOf(ask('exec', { command: 'home', arm: true }))
    leave()
    await run(asked)
    expect(robot.log.entries().some(({ type }) => type === 'started')).toBe(false)
  })

  it('finds misspelt fields, wrong units and what the schema says, all at once, before anything starts', async () => {
    const { ask, robot } = await rig()
    const goal = { shoulder_pan: 9, elbow_flx: 1, wrist_roll: 0.02 }
    const found = await problemOf(ask('exec', { command: 'moveTo', goal, units: { wrist_roll: 'cm' } }))
    expect(found.code).toBe('TENDON_CONTROL_GOAL')
    expect(found.facts.issues).toEqual([
      { path: ['elbow_flx'], message: 'is not a field of it; did you mean elbow_flex?' },
      { path: ['wrist_roll'], message: 'is measured in rad or deg, not in cm' },
      { path: ['shoulder_pan'], message: expect.stringContaining('is outside') },
    ])
    expect(robot.log.entries().some(({ type }) => type === 'refused')).toBe(false)
  })

  it('refuses a field that the schema would drop in silence, and a goal where none is taken', async () => {
    const { ask } = await rig()
    const stray = await problemOf(ask('exec', { command: 'wave', goal: { tims: 3 } }))
    expect(stray.facts.issues).toEqual([{ path: ['tims'], message: 'is not a field of it; did you mean times?' }])
    const none = await problemOf(ask('exec', { command: 'home', goal: { fast: true } }))
    expect(none.facts.issues).toEqual([{ path: [], message: 'it takes none' }])
  })
})

describe('the other verbs', () => {
  it('stop hands over the stop frame before it returns, and answers with a verdict for each servo', async () => {
    const { ask, arm, run, robot, events } = await rig()
    await arm()
    const stopped = ask('stop', { reason: 'a hand in the way' })
    expect(robot.health().servos?.stops).toBe(1)
    expect(events).toEqual([{ type: 'sent' }])
    const { verdict } = (await run(stopped)) as { verdict: { confirmed: boolean; joints: { verdict: string }[] } }
    expect(verdict.joints.map((joint) => joint.verdict)).toEqual(Array(6).fill('off'))
    expect(robot.safety.latch).toMatchObject({ by: 'cli', reason: 'a hand in the way' })
    expect(await ask('reset')).toEqual({ latched: true })
    expect(await ask('reset')).toEqual({ latched: false })
  })

  it('cancel takes a run, a command, or all, and names the live ones when it is none of them', async () => {
    const { ask, arm, run, clock } = await rig()
    await arm()
    void ask('exec', { command: 'wave' })
    await clock.advance(0.2)
    expect((await problemOf(ask('cancel', { run: 'home' }))).facts).toEqual({ run: 'home', live: ['wave-1'] })
    expect(await run(ask('cancel', { run: 'wave' }))).toMatchObject({
      runs: [{ run: 'wave-1', outcome: { status: 'canceled', stopConfirmed: true } }],
    })
    expect(await ask('cancel', { all: true })).toEqual({ runs: [] })
  })

  it('list says of each command what it takes, with units and bounds', async () => {
    const { ask } = await rig()
    const { commands } = (await ask('list')) as ListView
    const goalOf = (name: string) => commands.find((command) => command.name === name)?.goal
    expect(goalOf('moveTo')?.fields?.[0]).toMatchObject({
      name: 'shoulder_pan',
      unit: 'rad',
      min: -1.91986,
      max: 1.91986,
    })
    expect(goalOf('wave')?.fields).toEqual([
      { name: 'times', type: 'integer', min: 1, max: 10, default: 2, required: false },
    ])
    expect(goalOf('home')).toBeUndefined()
  })

  it('status says how old each joint is on the clock of the robot, and unknown before the first reading', async () => {
    const { ask, clock } = await rig()
    await clock.advance(0.5)
    const { joints, sensors, safety } = (await ask('status')) as StatusView
    expect(joints.map(({ reading }) => reading.status)).toEqual(Array(6).fill('fresh'))
    for (const { age } of joints) expect(age).toBeLessThan(0.5)
    const unknown = { status: 'unknown', age: undefined, value: undefined }
    expect(sensors).toMatchObject(['room', 'heading'].map((sensor) => ({ sensor, ...unknown })))
    expect(safety).toBe('disarmed')
  })

  it('runs tells the live ones and how those before ended', async () => {
    const { ask, arm, run, clock } = await rig()
    await arm()
    await run(ask('exec', { command: 'home' }))
    void ask('exec', { command: 'wave', goal: { times: 3 } })
    await clock.advance(0.1)
    expect((await ask('runs')) as RunsView).toMatchObject({
      live: [{ run: 'wave-2', status: 'running', goal: { times: 3 } }],
      ended: [{ run: 'home-1', status: 'succeeded' }],
    })
  })

  it('events sends the last ones, and with follow those to come until the caller goes', async () => {
    const { ask, arm, clock, events, leave, robot } = await rig()
    await arm()
    const followed = ask('events', { last: 2, follow: true })
    const seqs = (): number[] => events.map((event) => (event as { seq: number }).seq)
    expect(seqs()).toEqual([robot.log.seq - 1, robot.log.seq])
    robot.reset()
    void robot.home()
    await clock.advance(0.1)
    expect(seqs()).toEqual(seqs().toSorted((a, b) => a - b))
    expect(seqs().at(-1)).toBe(robot.log.seq)
    leave()
    await followed
    const heard = events.length
    void robot.halt()
    await clock.advance(1)
    expect(events).toHaveLength(heard)
  })

  it('a verb that is none, and a request without its fields, are told so', async () => {
    const { ask } = await rig()
    expect((await problemOf(ask('dance'))).what).toContain('there is no verb dance')
    expect((await problemOf(ask('constructor'))).what).toContain('there is no verb constructor')
    expect((await problemOf(ask('exec'))).what).toContain('exec needs the text command')
  })
})

describe('the fields of a goal', () => {
  it('are those of nested objects too, with units and choices where the schema says them', () => {
    const schema = z.object({
      pose: z.object({ x: z.number().meta({ unit: 'm' }), y: z.number().optional() }),
      hand: z.enum(['left', 'right']).describe('which one'),
    })
    expect(goalShape(definition, schema)).toEqual({
      open: false,
      fields: [
        { name: 'pose.x', type: 'number', unit: 'm', required: true },
        { name: 'pose.y', type: 'number', required: false },
        { name: 'hand', type: '"left" | "right"', required: true, doc: 'which one' },
      ],
    })
  })

  it('are not known where the schema cannot be asked, and then nothing is refused for them', () => {
    const silent = { '~standard': { version: 1 as const, vendor: 'own', validate: (value: unknown) => ({ value }) } }
    expect(goalShape(definition, silent)).toEqual({ fields: undefined, open: true })
    expect(goalShape(definition, z.looseObject({ a: z.number() })).open).toBe(true)
  })
})
