import { defineRobot } from 'tendon'
import { toDegrees } from 'tendon/device'
import { dynamixel, xl330 } from 'tendon/dynamixel'
import { serial } from 'tendon/serial'
import { afterEach, describe, expect, it } from 'vitest'
import robot from '../../robots/so101/robot.ts'
import { diagnose } from '../../src/cli/setup/diagnosis.ts'
import { chainOf, missingProblem } from '../../src/cli/setup/missing.ts'
import type { Finding } from '../../src/cli/setup/scan-line.ts'
import { atTerminal } from './at-terminal.ts'
import { begin, ownFolders, tendon } from './command-line.ts'
import { type ServoLine, servoLine } from './servo-line.ts'
import turret from './turret.ts'

const LONG = 60_000
const chain = chainOf(robot.hardware, 'servos')
const jsonLines = (out: string): Record<string, unknown>[] =>
  out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
/** How long a busy machine may take; each id that nobody has costs this much. */
const WAIT = '700ms'
/** READ: the only instruction that a scan may send. */
const READ = 2

describe('which servos are missing', () => {
  const told = (...ids: number[]) => missingProblem('/dev/x', chain, (id) => !ids.includes(id))
  it.each([
    ['the end of the chain', [4, 5, 6], 'Look at the cable between servo 3 and servo 4.'],
    ['the last one alone', [6], 'Look at the cable between servo 5 and servo 6, then run: tendon scan --port /dev/x'],
    ['one in the middle alone', [3], 'Look for servo 3 under another id or baud rate: tendon scan --port /dev/x'],
    ['some here and there', [2, 4], 'Look for them under other ids and baud rates: tendon scan --port /dev/x'],
    [
      'all of them',
      [1, 2, 3, 4, 5, 6],
      'Check that the motor supply is on and the data cable is in, then run: tendon scan --port /dev/x',
    ],
  ])('%s tells where to look', (_what, ids, fix) => {
    expect(told(...ids)).toMatchObject({ code: 'TENDON_SERVO_MISSING', fix })
  })

  it('none tells nothing', () => {
    expect(told()).toBeUndefined()
  })

  it('names their joints', () => {
    expect(told(2)?.what).toBe('Servo 2 on /dev/x (shoulder_lift) does not answer.')
  })
})

describe('what a scan tells', () => {
  const glance = { position: 2048, powered: false, voltage: 7.4, temperature: 25, alarms: [] }
  const servo = { model: 'STS3215', modelNumber: 777, firmware: '3.10' }
  const one = (id: number, more: Partial<Finding> = {}): Finding => ({
    family: 'feetech',
    baudRate: 1_000_000,
    id,
    servo: { id, ...servo },
    glance,
    ...more,
  })
  const codes = (findings: Finding[], expected?: { chain: typeof chain; baudRate: number }) =>
    diagnose('/dev/x', { findings, bauds: [1_000_000], ids: 254 }, expected).map(({ code }) => code)

  it('is nothing where all is well', () => {
    expect(codes([one(1), one(2)])).toEqual([])
    expect(
      codes(
        chain.map(({ id }) => one(id)),
        { chain, baudRate: 1_000_000 },
      ),
    ).toEqual([])
  })

  it('is one sentence where nobody answers', () => {
    expect(codes([], { chain, baudRate: 1_000_000 })).toEqual(['TENDON_NO_SERVO'])
  })

  it('is a mismatch where rates differ, and one that answers elsewhere is not missing', () => {
    const slow = chain.map(({ id }) => one(id, id === 3 ? { baudRate: 500_000 } : {}))
    expect(codes(slow)).toEqual(['TENDON_BAUD_MISMATCH'])
    expect(codes(slow, { chain, baudRate: 1_000_000 })).toEqual(['TENDON_BAUD_MISMATCH'])
  })

  it('blames no cable where servos answer that the definition does not know', () => {
    const [missing] = diagnose(
      '/dev/x',
      { findings: [one(1), one(9)], bauds: [], ids: 1 },
      { chain, baudRate: 1_000_000 },
    )
    expect(missing).toMatchObject({ code: 'TENDON_SERVO_MISSING', fix: expect.stringContaining('tendon setup-ids') })
  })

  it('names low voltage and alarms', () => {
    expect(codes([one(1, { glance: { ...glance, voltage: 4.9 } })])).toEqual(['TENDON_SERVO_LOW_VOLTAGE'])
    expect(codes([one(1, { glance: { ...glance, alarms: ['overload'] } })])).toEqual(['TENDON_SERVO_HAS_ALARM'])
  })
})

describe('tendon scan', { timeout: LONG }, () => {
  let line: ServoLine | undefined
  const scan = (...args: string[]) => tendon(['scan', '--port', line?.path ?? '', '--wait', WAIT, ...args])
  afterEach(async () => {
    await line?.close()
    line = undefined
  })

  it('shows who answers and where they stand, reads only, and counts to the end', async () => {
    line = await servoLine(turret, { initial: { tilt: 0.5 } })
    const { code, out, err } = await scan('--baud', '1000000', '--ids', '1-2')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^ {2}scan 100 %$/m)
    const at = Math.round(2048 + (toDegrees(0.5) / 360) * 4096)
    expect(out).toMatch(new RegExp(`^  2   STS3215  3\\.\\d+ +1000000 +7\\.4 V +25 C +${at} +off +none$`, 'm'))
    expect(new Set(line.heard)).toEqual(new Set([READ]))
  })

  it('finds servos at several rates and of one id, and says both; exit 1', async () => {
    line = await servoLine(robot, {
      joints: { shoulder_lift: { registers: { baudIndex: 1 } }, gripper: { registers: { id: 5 } } },
      initial: { gripper: 0.3 },
    })
    const { code, out, err } = await scan('so101', '--baud', '500000,1000000', '--ids', '2,5', '--json')
    expect(code).toBe(1)
    const lines = jsonLines(out)
    expect(
      lines.filter(({ type }) => type === 'servo').map(({ id, baudRate, several }) => [id, baudRate, several]),
    ).toEqual([
      [5, 1_000_000, true],
      [2, 500_000, false],
    ])
    expect(lines.filter(({ type }) => type === 'problem').map(({ code: found }) => found)).toEqual([
      'TENDON_SERVO_ID_TWICE',
      'TENDON_BAUD_MISMATCH',
    ])
    expect(err).toContain('2 at 500000')
  })

  it('of a robot says which of its servos are missing, and where to look', async () => {
    line = await servoLine(robot)
    for (const joint of ['wrist_flex', 'wrist_roll', 'gripper']) line.plugged.delete(joint)
    const { code, err } = await scan('so101', '--baud', '1000000', '--ids', '3-5')
    expect(code).toBe(1)
    expect(err).toMatch(/Servos 4, 5 on .* \(wrist_flex, wrist_roll\) do not answer\./)
    expect(err).toContain('Look at the cable between servo 3 and servo 4.')
  })

  it('speaks other families too, and shows which answered', async () => {
    const joint = { position: [-1, 1], velocity: 1, stop: 'park' } as const
    const finger = defineRobot('finger', {
      buses: { servos: dynamixel({ port: serial({ path: '/dev/null', baudRate: 1_000_000 }) }) },
      joints: { tip: { ...joint, servo: xl330('servos', 2) } },
    }).with({})
    line = await servoLine(finger, {}, { anyBaud: true })
    const { code, out } = await scan('--family', 'all', '--baud', '1000000', '--ids', '2', '--json')
    expect(code).toBe(0)
    expect(jsonLines(out)).toEqual([
      expect.objectContaining({ type: 'servo', family: 'dynamixel', id: 2, baudRate: 1_000_000, powered: false }),
    ])
  })

  it('leaves the port of a running robot alone, and names the robot', async () => {
    line = await servoLine(turret)
    const env = ownFolders()
    const running = begin(['run', 'test/cli/turret.ts'], { ...env, TURRET_PORT: line.path })
    await running.until(/is up/)
    const { code, err } = await tendon(['scan', '--port', line.path], undefined, env)
    expect([code, err]).toEqual([
      1,
      expect.stringContaining(`in use by the running robot turret (process ${running.pid})`),
    ])
    running.child.kill('SIGINT')
    await running.ended
  })

  it('at a terminal has a bar, and ends on Ctrl-C with 130, the port free again', async () => {
    line = await servoLine(turret)
    const args = ['scan', '--port', line.path, '--ids', '100-253', '--wait', '40ms']
    const session = await atTerminal(args, ownFolders())
    await session.until(/█.* \d+ %/)
    session.child.kill('SIGINT')
    expect(await session.ended).toBe(130)
    await session.close()
    expect(await scan('--baud', '1000000', '--ids', '1')).toMatchObject({ code: 0 })
  })
})
