import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineRobot, type RobotDefinition, systemClock } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { hobbyServo, pca9685 } from 'tendon/pca9685'
import { openPty, type Pty } from 'tendon/pty'
import { serial } from 'tendon/serial'
import { type Simulation, simulated, simulationOf } from 'tendon/sim'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { safeOff } from '../../../src/cli/service/safe-off.ts'
import { MemoryTransport } from '../../../src/transports/memory.ts'
import { RegisterChip } from '../../drivers/register-chip.ts'
import { ownFolders, tendon } from '../command-line.ts'
import robot from '../turret.ts'

const LONG = 60_000
const mounts = Object.entries(robot.hardware.joints).flatMap(([joint, { servo }]) => (servo ? [{ joint, servo }] : []))

// Two simulated servos with power behind a real serial port, and no program that minds them.
describe('tendon service off', { timeout: LONG }, () => {
  let env: Record<string, string> = {}
  let pty: Pty
  let world: Simulation
  let detach: () => void
  const torques = (): number[] => world.servos.map((servo) => servo.read('torqueEnable'))
  const card = (): string => join(env.TENDON_RUNTIME_DIR ?? '', 'turret.json')
  beforeEach(async () => {
    pty = await openPty()
    env = { ...ownFolders(), TURRET_PORT: pty.path }
    world = simulationOf(simulated(robot))
    detach = world.attach('servos', pty.connection, { clock: systemClock })
    // With patience for a machine that runs many tests at a time.
    const bus = feetech({ port: serial({ path: pty.path, baudRate: 1_000_000 }), tries: 10, slack: 0.2 })
    const host = bus.create({ clock: systemClock }, mounts)
    await host.open()
    await host.setTorque([1, 2], true)
    await host.close()
    expect(torques()).toEqual([1, 1])
    mkdirSync(env.TENDON_RUNTIME_DIR ?? '', { mode: 0o700 })
    writeFileSync(card(), JSON.stringify({ robot: 'turret', pid: 1, buses: [] }))
  })
  afterEach(async () => {
    detach()
    await pty.close()
  })
  const off = () => tendon(['service', 'off', 'test/cli/turret.ts', '--json'], undefined, env)
  /** The turret with one joint that keeps its power, on this port. */
  const withHold = (): RobotDefinition => {
    const { joints, buses } = robot.hardware
    const { pan, tilt } = joints
    const servos = buses.servos?.withPort(serial({ path: pty.path, baudRate: 1_000_000 }))
    if (!pan || !tilt || !servos) throw new Error('the turret has changed')
    return robot.withHardware({
      ...robot.hardware,
      buses: { servos },
      joints: { pan, tilt: { ...tilt, stop: 'hold' } },
    }) as unknown as RobotDefinition
  }

  it('takes the power of every servo of a robot that left its card, and the card when each was read back', async () => {
    const { code, out } = await off()
    expect([code, torques(), existsSync(card())]).toEqual([0, [0, 0], false])
    expect(JSON.parse(out)).toMatchObject({
      confirmed: true,
      buses: [{ off: ['pan', 'tilt'], holding: [], unknown: [] }],
    })
  })

  it('writes nothing for a robot that left none: it had read every servo back itself', async () => {
    writeFileSync(card(), '')
    const { code } = await off()
    expect([code, torques()]).toEqual([0, [1, 1]])
  })

  it('names the servo that does not answer, keeps the card, and exits 75', async () => {
    world.faults.silence('tilt')
    const { code, out } = await off()
    expect([code, torques()[0], existsSync(card())]).toEqual([75, 0, true])
    expect(JSON.parse(out)).toMatchObject({ confirmed: false, buses: [{ off: ['pan'], unknown: ['tilt'] }] })
  })

  it('leaves a joint holding whose policy is to hold, and says so', async () => {
    expect(await safeOff(withHold())).toMatchObject([{ off: ['pan'], holding: ['tilt'], unknown: [] }])
    expect(torques()).toEqual([0, 1])
  })

  it('takes the pulses from hobby servos on I2C, and looks a port up by the serial number of its adapter', async () => {
    const chip = new RegisterChip()
    chip.registers.set([0, 0, 0x33, 0x01], 0x06)
    const rig = defineRobot('rig', {
      buses: {
        arm: feetech({ port: serial({ serialNumber: 'NOT-HERE', baudRate: 1_000_000 }) }),
        head: pca9685({ port: new MemoryTransport({ address: '/dev/i2c-1', connect: chip.connect }) }),
      },
      joints: {
        lift: { servo: sts3215('arm', 1), position: [-1, 1], velocity: 1, stop: 'park' },
        pan: { servo: hobbyServo('head', 0, { speed: 5, assumed: 0 }), position: [-1, 1], velocity: 1, stop: 'park' },
      },
    }).with({})
    expect(await safeOff(rig as unknown as RobotDefinition)).toMatchObject([
      { port: 'serial:NOT-HERE', unknown: ['lift'], reason: expect.stringContaining('NOT-HERE') },
      { port: '/dev/i2c-1', off: ['pan'], unknown: [] },
    ])
    expect(chip.channel(0)[3]).toBe(0x10)
  })

  it('says of a port that cannot be opened that nothing is known', async () => {
    await pty.close()
    const [found] = await safeOff(withHold())
    expect(found).toMatchObject({ off: [], unknown: ['pan', 'tilt'], reason: expect.stringMatching(/.+/) })
  })
})
