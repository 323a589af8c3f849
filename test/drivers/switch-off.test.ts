import { defineRobot, TendonError } from 'tendon'
import { encodeFrame, feetech, INSTRUCTION, STS3215, sts3215, switchOff } from 'tendon/feetech'
import { serial } from 'tendon/serial'
import { simulated, simulationOf } from 'tendon/sim'
import { VirtualClock } from 'tendon/testing'
import { describe, expect, it } from 'vitest'
import type { ByteConnection } from '../../src/device/transport.ts'
import { MemoryTransport } from '../../src/transports/memory.ts'

const joint = (id: number) => ({
  servo: sts3215('servos', id),
  position: [-1, 1] as const,
  velocity: 1,
  stop: 'park' as const,
})
const model = defineRobot('arm', {
  buses: { servos: feetech({ port: serial({ path: '/dev/null', baudRate: 1_000_000 }) }) },
  joints: { pan: joint(1), lift: joint(2), elbow: joint(3) },
})

/** Three servos with power, as a program that hangs has left them, and their line. */
async function rig() {
  const clock = new VirtualClock()
  const robot = simulated(model.with({}))
  const world = simulationOf(robot)
  const { port } = robot.hardware.buses.servos ?? {}
  if (!port) throw new Error('there is no bus')
  const mounts = Object.entries(robot.hardware.joints).flatMap(([name, { servo }]) =>
    servo ? [{ joint: name, servo }] : [],
  )
  const host = feetech({ port }).create({ clock }, mounts)
  await clock.run(host.open())
  await clock.run(host.setTorque([1, 2, 3], true))
  await clock.run(host.close())
  const torques = (): number[] => world.servos.map((servo) => servo.read('torqueEnable'))
  expect(torques()).toEqual([1, 1, 1])
  return { clock, world, port, torques }
}

describe('switching Feetech servos off without a robot', () => {
  it('takes the power of every servo on the line, known or not, and reads back those that were named', async () => {
    const { clock, port, torques } = await rig()
    expect(await clock.run(switchOff(port, { clock, ids: [1, 3] }))).toEqual({
      off: [1, 3],
      powered: [],
      silent: [],
      families: ['feetech'],
    })
    expect(torques()).toEqual([0, 0, 0])
  })

  it('sends the broadcast at least three times before it asks anybody anything', async () => {
    const { clock, world, port } = await rig()
    const frames: string[] = []
    world.tap(({ from, bytes }) => from === 'host' && frames.push(Buffer.from(bytes).toString('hex')))
    await clock.run(switchOff(port, { clock, ids: [1] }))
    const off = 'fffffe04032800d2'
    const first = frames.findIndex((frame) => frame !== off)
    expect(first).toBeGreaterThanOrEqual(3)
    expect(frames.slice(first)).not.toContain(off)
  })

  it('tells of a servo that does not answer, and of one that somebody has powered again', async () => {
    const { clock, world, port, torques } = await rig()
    world.faults.silence('pan')
    const connect = (end: ByteConnection): void => void world.attach('servos', end, { clock })
    const line = new MemoryTransport({ address: 'second', baudRate: 1_000_000, connect })
    const other = await clock.run(line.open({ clock }))
    // The program that was thought to hang: it powers the elbow as soon as the first servo is read back.
    const end = world.tap(({ from, bytes }) => {
      if (from !== 'host' || bytes[2] !== 1) return
      end()
      clock.turn(() => other.write(encodeFrame(3, INSTRUCTION.write, [STS3215.torque.address, 1])))
    })
    const found = await clock.run(switchOff(port, { clock, ids: [1, 2, 3] }))
    expect(found).toMatchObject({ off: [2], powered: [3], silent: [1] })
    expect(torques()[2]).toBe(1)
    await clock.run(other.close())
  })

  it('leaves the port free and no timer, and says when the port cannot be had', async () => {
    const { clock, port } = await rig()
    await clock.run(switchOff(port, { clock, ids: [9], tries: 1 }))
    expect(clock.pending).toBe(0)
    await clock.run(switchOff(port, { clock, ids: [1] }))
    const missing = serial({ path: '/dev/tty-not-there', baudRate: 1_000_000, lock: false })
    await expect(switchOff(missing, { clock, ids: [] })).rejects.toBeInstanceOf(TendonError)
  })
})
