import { defineRobot, deg, type JointReading } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { describe, expect, it } from 'vitest'
import { Tape } from '../../src/recording/tape.ts'
import { MemoryTransport } from '../../src/transports/memory.ts'

const joint = (id: number) =>
  ({ servo: sts3215('servos', id), position: [deg(-90), deg(90)], velocity: 1, stop: 'park' }) as const
const robot = defineRobot('arm', {
  buses: { servos: feetech({ port: new MemoryTransport({ baudRate: 1_000_000, connect() {} }) }) },
  joints: { pan: joint(1), lift: joint(2) },
})

const fresh = (position: number, at: number): JointReading => ({ status: 'fresh', position, at, velocity: 0, load: 0 })
const stale = (position: number, at: number): JointReading =>
  ({ ...fresh(position, at), status: 'stale' }) as JointReading
const tape = (): Tape => new Tape(robot, ['pan', 'lift'], 50)

describe('a tape', () => {
  it('takes a sample only when every joint was read anew', () => {
    const t = tape()
    t.take([{ status: 'unknown' }, fresh(0, 9.9)], 10, 5000)
    t.take([fresh(0.1, 10), fresh(0.2, 10)], 10.01, 5010)
    t.take([fresh(0.1, 10), fresh(0.2, 10)], 10.02, 5020)
    t.take([stale(0.1, 10), fresh(0.3, 10.02)], 10.03, 5030)
    t.take([fresh(0.2, 10.04), fresh(0.4, 10.041)], 10.05, 5050)
    expect(t.recording().samples).toEqual([
      [0, 0.1, 0.2],
      [0.041, 0.2, 0.4],
    ])
    expect([t.size, t.missed, t.duration]).toEqual([2, 3, 0.041])
  })

  it('has the wall time of its first sample, not of when it was taken', () => {
    const t = tape()
    t.take([fresh(0, 10), fresh(0, 10)], 10.25, 5000)
    expect(t.recording().startedAt).toBe(4750)
  })

  it('names the joints that were past their limits by more than a reading may be', () => {
    const t = tape()
    t.take([fresh(deg(90) + 0.01, 10), fresh(deg(-90) - 0.03, 10)], 10, 0)
    expect(t.outside).toEqual(['lift'])
  })

  it('rounds to a tenth of a millisecond and to 1e-5 rad, so that its text stays short', () => {
    const t = tape()
    t.take([fresh(1 / 3, 0), fresh(-2 / 3, 0)], 0, 0)
    t.take([fresh(1 / 3, 1 / 3), fresh(0, 1 / 3)], 1 / 3, 0)
    expect(JSON.stringify(t.recording().samples)).toBe('[[0,0.33333,-0.66667],[0.3333,0.33333,0]]')
  })

  it('what it gave does not change when more is recorded', () => {
    const t = tape()
    t.take([fresh(0, 0), fresh(0, 0)], 0, 0)
    const before = t.recording()
    t.take([fresh(0, 1), fresh(0, 1)], 1, 0)
    expect(before.samples).toHaveLength(1)
  })
})
