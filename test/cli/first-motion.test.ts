import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { memoryStorage } from 'tendon'
import { feetech } from 'tendon/feetech'
import { type PortInfo, serial } from 'tendon/serial'
import { simulated } from 'tendon/sim'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import robot from '../../robots/so101/robot.ts'
import { FirstMotion } from '../../src/cli/first-motion.ts'
import { atTerminal } from './at-terminal.ts'
import { type Begun, begin, ownFolders, tendon } from './command-line.ts'
import { type ServoLine, servoLine } from './servo-line.ts'
import turret from './turret.ts'

const LONG = 60_000

describe('a robot that has never moved here', () => {
  const adapter = (path: string, serialNumber?: string): PortInfo => ({
    path,
    holders: [],
    manufacturer: 'FTDI',
    ...(serialNumber !== undefined && { serialNumber }),
  })
  const storage = memoryStorage()
  const first = (port: PortInfo, definition = robot) => new FirstMotion(definition, storage, async () => [port])
  const asked = async (port: PortInfo) => (await first(port).question())?.facts.adapters

  it('is asked about once for each adapter, by its serial number, or the path of a port without one', async () => {
    const usual = adapter('/dev/ttyACM0', 'A50285BI')
    expect(await asked(usual)).toEqual(['FTDI A50285BI'])
    await first(usual).remember()
    expect(await asked(usual)).toBeUndefined()
    expect(await asked(adapter('/dev/ttyACM0', 'B7'))).toEqual(['FTDI B7'])
    expect(await asked(adapter('/dev/ttyACM0'))).toEqual(['/dev/ttyACM0'])
    await first(adapter('/dev/ttyACM0')).remember()
    expect(await asked(adapter('/dev/ttyACM0'))).toBeUndefined()
    expect(await asked(usual)).toBeUndefined()
    expect(await asked(adapter('/dev/ttyACM0', 'B7'))).toEqual(['FTDI B7'])
  })

  it('is asked about under the same name, however the definition calls the port', async () => {
    const port = adapter('/dev/ttyUSB7', 'C9')
    const byNumber = robot.withHardware({
      ...robot.hardware,
      buses: { servos: feetech({ port: serial({ serialNumber: 'C9', baudRate: 1_000_000 }) }) },
    })
    expect((await first(port, byNumber).question())?.facts.adapters).toEqual(['FTDI C9'])
  })

  it('is not asked about where its hardware is simulated', async () => {
    expect(await first(adapter('/dev/ttyACM0', 'Z'), simulated(robot)).question()).toBeUndefined()
  })
})

// One robot on a real serial port, in the order in which these stand.
describe('before a first motion on hardware', { timeout: LONG }, () => {
  const env = ownFolders()
  const kept = join(env.TENDON_STATE_DIR, 'turret', 'first-motion.json')
  let line: ServoLine
  let running: Begun
  const cli = (...args: string[]) => tendon(args, undefined, { ...env, TURRET_PORT: line.path })
  const start = async () => {
    running = begin(['run', 'test/cli/turret.ts'], { ...env, TURRET_PORT: line.path })
    await running.until(/is up/)
  }
  const torques = () => ['pan', 'tilt'].map((joint) => line.register(joint, 'torqueEnable'))
  beforeAll(async () => {
    line = await servoLine(turret, {}, { anyBaud: true })
  }, LONG)
  afterAll(async () => {
    running?.child.kill('SIGKILL')
    await line.close()
  })

  it('a script that arms is refused without somebody to ask, before anything is opened', async () => {
    const { code, err } = await cli('run', 'test/cli/turret.ts', 'look', '--arm')
    expect([code, err]).toEqual([
      3,
      expect.stringContaining(`turret was not armed: it has never moved on ${line.path}`),
    ])
    expect(line.heard).toEqual([])
  })

  it('arm is refused without somebody to ask', async () => {
    await start()
    const { code, err } = await cli('arm')
    expect([code, err]).toEqual([3, expect.stringContaining('TENDON_FIRST_MOTION')])
    expect(torques()).toEqual([0, 0])
  })

  it('at a terminal one question is asked, and no is a refusal', async () => {
    const session = await atTerminal(['arm'], env)
    await session.until(
      /turret on .* will move for the first time from this machine\.\s+Is everybody clear, is a stop within reach\? \[y\/N\]/,
    )
    session.type('n\n')
    expect(await session.ended).toBe(3)
    await session.close()
    expect(torques()).toEqual([0, 0])
  })

  it('what stands against arming is one numbered list, with what it tells which servos are silent; it is not remembered', async () => {
    line.plugged.delete('tilt')
    const { code, err } = await cli('arm', '--yes')
    expect(code).toBe(3)
    expect(err).toMatch(/^1\. TENDON_ARM_SERVO_SILENT[\s\S]*^2\. TENDON_SERVO_MISSING: Servo 2 on/m)
    expect(err).toContain('Look at the cable between servo 1 and servo 2')
    line.plugged.add('tilt')
    expect(existsSync(kept)).toBe(false)
  })

  it('yes arms it, and from then on nobody is asked, also by another life of it', async () => {
    const session = await atTerminal(['exec', 'look', 'pan=2deg', '--arm'], env)
    await session.until(/\[y\/N\]/)
    session.type('y\n')
    expect(await session.ended).toBe(0)
    await session.close()
    expect(JSON.parse(readFileSync(kept, 'utf8'))).toEqual([line.path])
    running.child.kill('SIGINT')
    await running.ended
    expect(torques()).toEqual([0, 0])
    await start()
    const { code, err } = await cli('arm')
    expect([code, err]).toEqual([0, ''])
    expect(torques()).toEqual([1, 1])
  })
})
