import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from 'tendon'
import { dynamixel } from 'tendon/dynamixel'
import { openPty, type Pty } from 'tendon/pty'
import { serial } from 'tendon/serial'
import { type Simulation, simulated, simulationOf } from 'tendon/sim'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { begin, ownFolders, tendon } from './command-line.ts'
import robot from './crane.ts'

const LONG = 60_000
const IDS = [1, 3, 20]
const mounts = Object.entries(robot.hardware.joints).flatMap(([joint, { servo }]) => (servo ? [{ joint, servo }] : []))
const jsonOf = (out: string): unknown => JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')

// Simulated Dynamixels, with power, behind a real serial port.
describe('tendon stop --port on a line of Dynamixels', { timeout: LONG }, () => {
  let env: Record<string, string> = {}
  let pty: Pty
  let world: Simulation
  let detach: () => void
  let child: ChildProcess | undefined
  /** The first bytes of each frame that the host has sent. */
  let heard: string[] = []
  const powered = (): boolean[] => IDS.map((id) => world.servo(id).powered)
  const cardPath = (name: string): string => join(env.TENDON_RUNTIME_DIR ?? '', `${name}.json`)
  /** What a robot leaves whose program was killed. */
  const leaveCard = (name: string, ...buses: readonly object[]): void => {
    mkdirSync(env.TENDON_RUNTIME_DIR ?? '', { recursive: true, mode: 0o700 })
    writeFileSync(cardPath(name), JSON.stringify({ robot: name, pid: 999_999, buses }))
  }
  const busCard = (port: string, more: object = {}): object => ({
    name: 'servos',
    family: 'dynamixel',
    port,
    baudRate: 57_600,
    servos: IDS.map((id) => ({ joint: `joint_${id}`, id })),
    ...more,
  })
  beforeEach(async () => {
    pty = await openPty()
    env = { ...ownFolders(), CRANE_PORT: pty.path }
    world = simulationOf(simulated(robot))
    detach = world.attach('servos', pty.connection, { clock: systemClock }, { anyBaud: true })
    const bus = dynamixel({ port: serial({ path: pty.path, baudRate: 57_600 }), tries: 10, slack: 0.2 })
    const host = bus.create({ clock: systemClock }, mounts)
    await host.open()
    await host.setTorque([1, 20], true)
    await host.close()
    expect(powered()).toEqual([true, true, true])
    heard = []
    world.tap(({ from, bytes }) => {
      if (from === 'host') heard.push(Buffer.from(bytes.subarray(0, 5)).toString('hex'))
    })
  })
  afterEach(async () => {
    child?.kill('SIGKILL')
    child = undefined
    detach()
    await pty.close()
  })
  const stop = (...args: string[]) => tendon(['stop', '--port', pty.path, ...args], undefined, env)

  it('of which nobody knows anything tells every family, and says that it cannot know who else is there', async () => {
    const { code, out } = await stop('--json')
    expect(powered()).toEqual([false, false, false])
    expect(code).toBe(75)
    // Id 20 was told, and is not among those that are asked where nobody has named any.
    expect(jsonOf(out)).toMatchObject({
      type: 'switched_off',
      told: ['feetech', 'dynamixel'],
      families: ['dynamixel'],
      confirmed: false,
      off: [1, 3],
      powered: [],
      silent: [],
    })
  })

  it('is confirmed with --ids when each of them was read back, in whichever family it answers', async () => {
    const { code, out } = await stop('--ids', '1,3,20')
    expect([code, powered()]).toEqual([0, [false, false, false]])
    expect(out).toMatch(
      /^off frame of feetech, then of dynamixel sent to every servo on .+, at 1000000 baud\n {2}family: dynamixel\n {2}off: 1, 3, 20\nevery servo confirmed\n$/,
    )
  })

  it('told in the wrong family is not confirmed, and keeps its power', async () => {
    const { code, out } = await stop('--family', 'feetech', '--ids', '1,3')
    expect([code, powered()]).toEqual([75, [true, true, true]])
    expect(out).toMatch(/no answer: 1, 3\nNOT CONFIRMED, power may still be on/)
  })

  it('after a kill is told in the family, at the rate and by the ids of the card, shadows as well', async () => {
    const running = begin(['run', 'test/cli/crane.ts'], env)
    child = running.child
    await running.until(/is up, on its hardware/)
    expect(powered()).toEqual([true, true, true])
    running.child.kill('SIGKILL')
    await running.ended
    const { code, err } = await tendon(['status'], undefined, env)
    expect([code, err]).toEqual([75, expect.stringContaining(`tendon stop --port ${pty.path}`)])
    heard.length = 0
    const stopped = await stop('--json')
    expect(jsonOf(stopped.out)).toMatchObject({
      told: ['dynamixel'],
      baudRate: 57_600,
      confirmed: true,
      off: IDS,
      silent: [],
    })
    expect([stopped.code, powered(), existsSync(cardPath('crane'))]).toEqual([0, [false, false, false], false])
    expect(heard.length).toBeGreaterThan(5)
    expect(heard.every((start) => start.startsWith('fffffd00'))).toBe(true)
  })

  it('finds the card that calls the port by another name', async () => {
    const link = join(env.TENDON_STATE_DIR ?? '', 'by-id')
    mkdirSync(env.TENDON_STATE_DIR ?? '', { recursive: true })
    symlinkSync(pty.path, link)
    leaveCard('crane', busCard(link))
    expect(await stop()).toMatchObject({ code: 0, out: expect.stringContaining('every servo confirmed') })
    expect(existsSync(cardPath('crane'))).toBe(false)
  })

  it('leaves on the card what is behind another port', async () => {
    const other = busCard('/dev/ttyUSB7', { name: 'gripper' })
    leaveCard('crane', busCard(pty.path), other)
    expect((await stop()).code).toBe(0)
    expect(JSON.parse(readFileSync(cardPath('crane'), 'utf8'))).toEqual({
      robot: 'crane',
      pid: 999_999,
      buses: [other],
    })
  })

  it('leaves the card as it is while one of its servos does not answer', async () => {
    leaveCard('crane', busCard(pty.path))
    const before = readFileSync(cardPath('crane'), 'utf8')
    world.faults.silence('hook')
    const { code, out } = await stop()
    expect([code, out]).toEqual([75, expect.stringMatching(/off: 1, 3\n {2}no answer: 20\nNOT CONFIRMED/)])
    expect(readFileSync(cardPath('crane'), 'utf8')).toBe(before)
  })

  it('is never confirmed where the card names a family that Tendon cannot speak', async () => {
    leaveCard('crane', busCard(pty.path, { family: 'lx16a', baudRate: 115_200 }))
    const { code, out } = await stop('--json')
    expect(code).toBe(75)
    expect(jsonOf(out)).toMatchObject({ told: ['feetech', 'dynamixel'], baudRate: 115_200, confirmed: false, off: IDS })
    expect(existsSync(cardPath('crane'))).toBe(true)
  })
})

describe('tendon stop --port', { timeout: LONG }, () => {
  const env = ownFolders()

  it('looks an adapter up by its serial number, as the fix of a robot that was killed says it', async () => {
    mkdirSync(env.TENDON_RUNTIME_DIR, { mode: 0o700 })
    const bus = { name: 'servos', family: 'feetech', port: 'serial:A50285BI', servos: [{ joint: 'pan', id: 1 }] }
    const card = join(env.TENDON_RUNTIME_DIR, 'turret.json')
    writeFileSync(card, JSON.stringify({ robot: 'turret', pid: 999_999, buses: [bus] }))
    const status = await tendon(['status'], undefined, env)
    expect([status.code, status.err]).toEqual([75, expect.stringContaining('tendon stop --port serial:A50285BI')])
    // There is no such adapter on this machine, and nothing was confirmed.
    const { code, err } = await tendon(['stop', '--port', 'serial:A50285BI'], undefined, env)
    expect([code, err]).toEqual([75, expect.stringContaining('A50285BI')])
    expect(err).toContain('TENDON_PORT_MISSING')
    expect(existsSync(card)).toBe(true)
  })

  it('takes an I2C bus for one, and not for a serial port', async () => {
    const { code, err } = await tendon(['stop', '--port', '/dev/i2c-9'], undefined, env)
    expect([code, err]).toEqual([75, expect.stringContaining('npm install i2c-bus')])
  })
})
