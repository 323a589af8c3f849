import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Begun, begin, type Ended, ownFolders, tendon } from './command-line.ts'

const LONG = 60_000
const turret = fileURLToPath(new URL('turret.ts', import.meta.url))
const JOINTS = ['shoulder_pan', 'shoulder_lift', 'elbow_flex', 'wrist_flex', 'wrist_roll', 'gripper']
const jsonLines = (out: string): Record<string, unknown>[] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

// One robot for all of these, in the order in which they stand: each leaves it armed and at rest.
describe('a running robot and the other verbs', { timeout: LONG }, () => {
  const env = ownFolders()
  let robot: Begun
  const cli = (...args: string[]): Promise<Ended> => tendon(args, undefined, env)
  beforeAll(async () => {
    robot = begin(['sim', 'so101', '--stay'], env)
    await robot.until(/is up/)
  }, LONG)
  afterAll(() => {
    robot.child.kill('SIGKILL')
  })

  it('says how to speak to it, and comes up disarmed', async () => {
    expect(await robot.until(/Ctrl-C/)).toMatch(/so101 is up, simulated, disarmed\./)
    const { code, out } = await cli('status')
    expect(code).toBe(0)
    expect(out).toMatch(/^so101 \(simulated, process \d+\): disarmed, state disarmed, nothing is running$/m)
    for (const joint of JOINTS) expect(out).toMatch(new RegExp(`^ {2}${joint} +-?\\d+\\.\\d deg`, 'm'))
    expect(out).not.toMatch(/[[┃]/)
  })

  it('exec never arms by itself: refused, exit 3, nothing on stdout, and how to say it', async () => {
    const { code, out, err } = await cli('exec', 'home')
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toMatch(/TENDON_DISARMED.*\n.*\n {2}fix: {3}tendon exec home --arm\n/)
  })

  it('exec --arm arms, shows quarters on a pipe and no bar, and ends with the outcome', async () => {
    const { code, out, err } = await cli('exec', 'home', '--arm')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out.split('\n').slice(0, 5)).toEqual(['armed', '  home 25 %', '  home 50 %', '  home 75 %', '  home 100 %'])
    expect(out).toMatch(/^✓ home succeeded after \d+\.\d s: \{"position"/m)
    for (const painted of ['\u001b', '█']) expect(out).not.toContain(painted)
  })

  it('exec takes degrees, and status shows them measured', async () => {
    expect((await cli('exec', 'moveTo', 'shoulder_pan=30deg', 'elbow_flex=0.4')).code).toBe(0)
    const { out } = await cli('status')
    expect(out).toMatch(/shoulder_pan +(29|30)\.\d deg/)
    expect(out).toMatch(/elbow_flex +2[23]\.\d deg/)
  })

  it('a goal with several faults is wrong usage: exit 2, each fault on a line with its unit', async () => {
    const { code, err } = await cli('exec', 'moveTo', 'shoulder_pan=30', 'elbow_flx=3deg', 'gripper=2cm')
    expect(code).toBe(2)
    expect(err).toMatch(/^ {2}elbow_flx: is not a field of it; did you mean elbow_flex\?$/m)
    expect(err).toMatch(/^ {2}gripper: is measured in rad or deg, not in cm$/m)
    expect(err).toMatch(
      /^ {2}shoulder_pan: 30\.000 rad .* \(a bare number is radians; for degrees: shoulder_pan=30deg\)$/m,
    )
  })

  it('an unknown command names the near one as a command line', async () => {
    const { code, err } = await cli('exec', 'hmoe')
    expect(code).toBe(3)
    expect(err).toMatch(/fix: {3}tendon exec home\n/)
  })

  it('--json is one object a line: events of the run, its feedback, its outcome', async () => {
    const { code, out } = await cli('exec', 'grip', 'opening=70%', '--json')
    expect(code).toBe(0)
    const lines = jsonLines(out)
    expect(lines[0]).toMatchObject({ type: 'started', run: expect.stringMatching(/^grip-\d+$/) })
    expect(lines.slice(1, -1).every(({ type }) => type === 'feedback')).toBe(true)
    expect(lines.at(-1)).toMatchObject({ type: 'outcome', command: 'grip', status: 'succeeded' })
    expect(lines.at(-1)?.value).toEqual({ opening: expect.closeTo(0.7, 1) })
  })

  it('Ctrl-C on exec cancels the run, exit 4, and leaves the robot armed', async () => {
    const exec = begin(['exec', 'wave', 'times=5', '--json'], env)
    await exec.until(/"type":"feedback"/)
    exec.child.kill('SIGINT')
    const { code, out } = await exec.ended
    expect(code).toBe(4)
    expect(jsonLines(out).at(-1)).toMatchObject({ status: 'canceled', reason: 'requested', stopConfirmed: true })
    expect((await cli('status')).out).toMatch(/: armed, state idle, nothing is running/)
  })

  it('an exec that is killed has its run canceled; one that was detached runs on, and cancel ends it', async () => {
    const exec = begin(['exec', 'wave', 'times=5', '--json'], env)
    const run = /wave-\d+/.exec(await exec.until(/"type":"feedback"/))?.[0] ?? ''
    exec.child.kill('SIGKILL')
    await robot.until(new RegExp(`${run} canceled \\(requested\\)`))
    const detached = await cli('exec', 'wave', 'times=5', '--detach', '--json')
    const id = String(jsonLines(detached.out).at(-1)?.run)
    expect((await cli('runs')).out).toMatch(new RegExp(`^ {2}${id} +running +motion`, 'm'))
    expect(await cli('cancel', 'wave')).toMatchObject({ code: 0, out: `${id} canceled (requested)\n` })
    expect((await cli('runs')).out).toMatch(new RegExp(`nothing is running\nended:\n[\\s\\S]*${id} +canceled`))
  })

  it('--timeout cancels a run that takes longer, and leaves one that does not', async () => {
    const { code, out } = await cli('exec', 'wave', 'times=5', '--timeout', '200ms')
    expect([code, /■ wave canceled \(requested\)/.test(out)]).toEqual([4, true])
    expect((await cli('exec', 'grip', 'opening=0', '--timeout', '20s')).code).toBe(0)
  })

  it('a second program for the same robot is refused, names the process, and ends', async () => {
    const { code, err } = await cli('run', 'so101', '--sim')
    expect(code).toBe(1)
    expect(err).toMatch(new RegExp(`TENDON_CONTROL_TAKEN.*in process ${robot.pid}\\.`))
  })

  it('completion knows verbs, flags, its commands, their fields and its runs', async () => {
    const words = async (...typed: string[]): Promise<string[]> =>
      (await cli('complete', '--', ...typed)).out.trimEnd().split('\n')
    expect(await words('ex')).toEqual(['exec', 'explain'])
    expect(await words('exec', 'w')).toEqual(['wave'])
    expect(await words('exec', 'moveTo', 'gripper=1', 'shoulder_')).toEqual(['shoulder_pan=', 'shoulder_lift='])
    expect(await words('exec', 'home', '--d')).toEqual(['--detach'])
    expect(await words('status', '--robot', '')).toEqual(['so101'])
  })

  it('stop stops a move: its exec ends canceled, every servo is confirmed off, and motion takes three acts', async () => {
    const exec = begin(['exec', 'wave', 'times=5', '--json'], env)
    await exec.until(/"type":"feedback"/)
    const stop = await cli('stop', '--reason', 'a hand in the way')
    expect(stop.code).toBe(0)
    for (const [at, joint] of JOINTS.entries())
      expect(stop.out).toMatch(new RegExp(`^ {2}${joint} +servo ${at + 1} +off$`, 'm'))
    expect(jsonLines((await exec.ended).out).at(-1)).toMatchObject({ status: 'canceled', reason: 'safety' })
    const armed = await cli('exec', 'home', '--arm')
    expect([armed.code, armed.err]).toEqual([
      3,
      expect.stringContaining('TENDON_LATCHED: The robot was stopped by cli: a hand in the way.'),
    ])
    expect((await cli('reset')).out).toBe('reset: it can be armed again\n')
    expect((await cli('exec', 'home', '--arm')).code).toBe(0)
  })

  it('events tells what happened, the newest last', async () => {
    const { out } = await cli('events', '--last', '200')
    const lines = out.trimEnd().split('\n')
    const place = (wanted: RegExp): number => lines.findIndex((line) => wanted.test(line))
    expect(place(/STOPPED by cli: a hand in the way/)).toBeGreaterThan(0)
    expect(place(/reset by cli/)).toBeGreaterThan(place(/STOPPED by cli/))
    expect(lines.findLastIndex((line) => /home-\d+ succeeded$/.test(line))).toBeGreaterThan(place(/reset by cli/))
  })

  it('events --follow ends with the pipe it writes to', async () => {
    const follow = begin(['events', '--follow', '--last', '1', '--json'], env)
    await follow.until(/"seq"/)
    follow.child.stdout?.destroy()
    await cli('exec', 'recordings')
    expect((await follow.ended).code).not.toBe(0)
  })

  it('killed, it answers no more: exit 69 with what to run, and its place is free for the next', async () => {
    robot.child.kill('SIGKILL')
    await robot.ended
    expect(readdirSync(env.TENDON_RUNTIME_DIR)).toContain('so101.sock')
    const { code, err } = await cli('status')
    expect(code).toBe(69)
    expect(err).toMatch(/TENDON_CONTROL_NO_ROBOT[\s\S]*fix: {3}tendon sim so101 --stay/)
    expect((await cli('stop')).code).toBe(69)
    robot = begin(['sim', 'so101', '--stay'], env)
    await robot.until(/is up/)
    expect((await cli('list')).out).toMatch(/so101 +disarmed +simulated/)
  })

  it('Ctrl-C on it goes to rest, disarms, takes its socket away and ends with 130', async () => {
    expect((await cli('arm')).code).toBe(0)
    robot.child.kill('SIGINT')
    const { code, out } = await robot.ended
    expect(code).toBe(130)
    expect(out).toMatch(/rest-\d+ succeeded[\s\S]*verdict: confirmed/)
    expect(readdirSync(env.TENDON_RUNTIME_DIR)).toEqual([])
  })
})

describe('tendon param', { timeout: LONG }, () => {
  it('lists, sets, gets and resets, reads units, and names the near one for a typo', async () => {
    const env = ownFolders()
    const cli = (...args: string[]): Promise<Ended> => tendon(['param', ...args], undefined, env)
    const robot = begin(['sim', turret], env)
    try {
      await robot.until(/is up/)
      expect(await cli('get', 'reach')).toMatchObject({ code: 0, out: 'reach is 20 deg\n' })
      expect(await cli('set', 'reach', '45deg')).toMatchObject({ code: 0, out: 'reach is 45 deg\n' })
      expect((await cli('list')).out).toMatch(/^ {2}reach +45 deg +\S.* changed +how far it turns$/m)
      const listed = jsonLines((await cli('list', '--json')).out)
      expect(listed).toMatchObject([{ type: 'parameter', name: 'reach', changed: true }])
      expect(listed[0]?.value).toBeCloseTo(Math.PI / 4)
      expect(await cli('reset', 'reach')).toMatchObject({ code: 0, out: 'reach is 20 deg\n' })
      const wrong = await cli('set', 'reach', '300deg')
      expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('TENDON_PARAMETER_INVALID')])
      const near = await cli('get', 'raech')
      expect([near.code, near.err]).toEqual([1, expect.stringMatching(/TENDON_UNKNOWN_PARAMETER[\s\S]*reach/)])
    } finally {
      robot.child.kill('SIGKILL')
    }
  })
})

describe('two running robots', { timeout: LONG }, () => {
  it('must be told apart, except by stop, which stops both', async () => {
    const env = ownFolders()
    const both = [begin(['sim', 'so101', '--stay'], env), begin(['sim', turret], env)]
    try {
      await Promise.all(both.map((robot) => robot.until(/is up/)))
      const { code, err } = await tendon(['exec', 'look', 'pan=10deg', '--arm'], undefined, env)
      expect([code, err]).toEqual([2, expect.stringContaining('Several robots are running: so101, turret.')])
      expect((await tendon(['exec', 'look', 'pan=10deg', '--arm', '--robot', 'turret'], undefined, env)).code).toBe(0)
      const stopped = await tendon(['stop', '--json'], undefined, env)
      expect(stopped.code).toBe(0)
      expect(jsonLines(stopped.out).map(({ act, confirmed }) => [act, confirmed])).toEqual(
        expect.arrayContaining([
          ['stop so101', true],
          ['stop turret', true],
        ]),
      )
    } finally {
      for (const robot of both) robot.child.kill('SIGKILL')
    }
  })
})

describe('tendon run', { timeout: LONG }, () => {
  it('runs a command, arms only when told, goes to rest, and gives its exit code', async () => {
    const env = ownFolders()
    const unarmed = await tendon(['run', 'so101', 'home', '--sim'], undefined, env)
    expect([unarmed.code, unarmed.err]).toEqual([3, expect.stringContaining('TENDON_DISARMED')])
    const { code, out } = await tendon(['run', 'so101', 'home', '--sim', '--arm'], undefined, env)
    expect(code).toBe(0)
    expect(out).toMatch(/✓ home succeeded[\s\S]*retire: every servo confirmed/)
    expect(existsSync(join(env.TENDON_RUNTIME_DIR, 'so101.sock'))).toBe(false)
  })

  it('runs a file, gives it the robot, and exits 1 disarmed when it throws', async () => {
    const env = ownFolders()
    const file = join(env.TENDON_RUNTIME_DIR, '..', 'script.ts')
    writeFileSync(file, `export default async ({ robot }) => { await robot.home().value(); throw new Error('enough') }`)
    const { code, out } = await tendon(['run', 'so101', file, '--sim', '--arm', '--json'], undefined, env)
    expect(code).toBe(1)
    const lines = jsonLines(out)
    expect(lines).toContainEqual(expect.objectContaining({ type: 'ended', command: 'home', status: 'succeeded' }))
    expect(lines).toContainEqual(expect.objectContaining({ type: 'failed', error: 'Error: enough' }))
    expect(lines).toContainEqual(expect.objectContaining({ type: 'verdict', act: 'disarm', confirmed: true }))
  })

  it('keeps its parameters in the state folder, a simulated one beside the real', async () => {
    const env = ownFolders()
    await tendon(['run', 'so101', 'recordings', '--sim'], undefined, env)
    const files = existsSync(env.TENDON_STATE_DIR) ? readdirSync(env.TENDON_STATE_DIR) : []
    expect(files.filter((file) => file !== 'simulated')).toEqual([])
  })

  it('on hardware that is not there says so in one problem and leaves nothing behind', async () => {
    const env = ownFolders()
    const { code, err } = await tendon(['run', 'so101'], undefined, env)
    expect(code).toBe(1)
    expect(err).toMatch(/TENDON_PORT_MISSING/)
    expect(readdirSync(env.TENDON_RUNTIME_DIR)).toEqual([])
  })
})
