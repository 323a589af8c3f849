import { buffer, defineRobot, deg, degPerSec, type Reading, type TendonError } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'
import { harness } from 'tendon/testing'
import { afterEach, describe, expect, it } from 'vitest'

const joint = (id: number) => ({
  position: [deg(-100), deg(100)] as const,
  velocity: degPerSec(60),
  servo: sts3215('servos', id),
  stop: 'park' as const,
})
const model = defineRobot('arm', {
  buses: { servos: feetech({ port: serial({ path: '/dev/null', baudRate: 1_000_000 }) }) },
  joints: { pan: joint(1), lift: joint(2) },
})
const arm = model.with({ moveTo: model.moveTo() })

const rigs: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close()
})
/** As servos come from the factory: half a millisecond before each answer. */
const registers = { returnDelay: 250 }

async function begin(limits: { rate?: number; sensorSubscriptions?: number } = {}) {
  const rig = await harness(arm, { limits, joints: { pan: { registers }, lift: { registers } } })
  rigs.push(rig)
  return rig
}

describe('the joints as a stream', () => {
  it('come once after each read, all joints at once, in order, and follow what moves', async () => {
    const rig = await begin()
    await rig.arm()
    const seen: Reading<typeof rig.robot.joints>[] = []
    rig.robot.jointStates.subscribe((states) => void seen.push(states))
    const began = rig.clock.now()
    await rig.run(rig.robot.moveTo({ pan: deg(30) }).value())
    const ticks = (rig.clock.now() - began) * 50
    expect(Math.abs(seen.length - ticks)).toBeLessThanOrEqual(2)
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, i) => i + 1))
    const pans = seen.map(({ value }) => (value.pan.status === 'fresh' ? value.pan.position : Number.NaN))
    expect(pans.every((pan, i) => i === 0 || pan >= (pans[i - 1] ?? 0) - deg(0.2))).toBe(true)
    expect(pans.at(-1)).toBeCloseTo(deg(30), 1)
    expect(seen.every(({ value }) => value.lift.status === 'fresh')).toBe(true)
  })

  it('say that a joint is stale when its servo did not answer', async () => {
    const rig = await begin()
    await rig.arm()
    rig.sim.faults.silence('lift')
    const { value } = await rig.run(rig.robot.jointStates.next())
    const [pan, lift] = [value.pan, value.lift]
    expect(lift.status).toBe('stale')
    expect(pan.status !== 'unknown' && lift.status !== 'unknown' && pan.at > lift.at).toBe(true)
  })

  it('are kept for a slow reader by its own rule, and dropped ones are counted', async () => {
    const rig = await begin()
    const slow = rig.robot.jointStates.readings({ overflow: buffer(3) })
    const iterator = slow[Symbol.asyncIterator]()
    await rig.clock.advance(1)
    const { value: first } = await iterator.next()
    expect(first?.seq).toBeGreaterThan(5)
    expect(slow.dropped).toBeGreaterThan(5)
  })

  it('a listener that throws is noted and disturbs nobody', async () => {
    const rig = await begin()
    let heard = 0
    rig.robot.jointStates.subscribe(() => {
      throw new Error('boom')
    })
    rig.robot.jointStates.subscribe(() => heard++)
    await rig.clock.advance(1)
    expect(heard).toBeGreaterThan(8)
    const notes = rig.events('note').filter(({ what }) => what === 'joint_listener_threw')
    expect(notes[0]?.facts).toEqual({ error: 'boom', count: 1 })
  })

  it('are bounded, and end with the robot', async () => {
    const rig = await begin({ sensorSubscriptions: 1 })
    let ended = false
    rig.robot.jointStates.observable().subscribe({
      complete: () => {
        ended = true
      },
    })
    expect(() => rig.robot.jointStates.subscribe(() => {})).toThrow(
      expect.objectContaining<Partial<TendonError>>({ code: 'TENDON_TOO_MANY_SUBSCRIPTIONS' }),
    )
    await rig.close()
    rigs.length = 0
    expect(ended).toBe(true)
    await expect(rig.robot.jointStates.next()).rejects.toMatchObject({ code: 'TENDON_SENSOR_CLOSED' })
  })
})

describe('a loop that is told to go faster than the wire', () => {
  it('goes at the pace of the wire: a read and a write each cycle, and nothing piles up', async () => {
    const rig = await begin({ rate: 1000 })
    await rig.arm()
    const move = rig.robot.moveTo({ pan: deg(90), lift: deg(90) })
    let reads = 0
    rig.robot.jointStates.subscribe(() => void reads++)
    const { exchanges, bytesOut } = rig.robot.health().servos ?? { exchanges: 0, bytesOut: 0 }
    const [sent, asked] = [bytesOut, exchanges]
    await rig.clock.advance(0.5)
    const after = rig.robot.health().servos ?? { exchanges: 0, bytesOut: 0, timeouts: 1 }
    expect(after.exchanges - asked - reads).toBeLessThanOrEqual(1)
    // Two setpoints and a question are 22 and 10 bytes, two answers of 12 come back, each after half a millisecond: 1.56 ms.
    expect(reads).toBeGreaterThan(0.95 * (0.5 / 0.00156))
    expect(reads).toBeLessThanOrEqual(0.5 / 0.00156 + 1)
    expect((after.bytesOut - sent) / reads).toBeGreaterThan(31)
    expect((after.bytesOut - sent) / reads).toBeLessThan(34)
    expect(after.timeouts).toBe(0)
    await rig.run(move.cancel())
  })
})
