import { describe, expect, it } from 'vitest'
import type { StatusView } from '../../../src/cli/control/protocol.ts'
import { frameOf } from '../../../src/cli/monitor/frame.ts'
import type { MonitorModel } from '../../../src/cli/monitor/model.ts'
import { outputFor } from '../../../src/cli/output.ts'

const output = outputFor(false, { out: { write: () => true }, env: { NO_COLOR: '1' } })
const joint = (name: string, position: number, more: Partial<StatusView['joints'][number]> = {}) => ({
  joint: name,
  reading: { status: 'fresh', position, velocity: 0.5, load: 0.12, at: 1 } as const,
  age: 0.02,
  limits: [-1, 1] as const,
  slides: false,
  policy: 'park' as const,
  ...more,
})
const status = (more: Partial<StatusView> = {}): StatusView => ({
  robot: 'arm',
  pid: 431,
  simulated: false,
  safety: 'armed',
  state: 'idle',
  latch: undefined,
  joints: [joint('pan', 0.5), joint('tilt', -1)],
  sensors: [
    { sensor: 'room', kind: 'mqtt', health: 'stale', status: 'stale', age: 12, value: 21.5, readings: 3, bad: 0 },
  ],
  buses: {},
  replies: [],
  runs: 0,
  ...more,
})
const model = (more: Partial<MonitorModel> = {}): MonitorModel => ({
  robot: 'arm',
  contact: { state: 'live' },
  status: status(),
  runs: { live: [], ended: [] },
  events: ['one', 'two', 'three'],
  stop: undefined,
  now: 10_000,
  ...more,
})
const draw = (made: MonitorModel, columns = 100, rows = 30) => frameOf(made, { columns, rows }, output)

describe('the screen of the monitor', () => {
  it('shows safety, joints in their range, runs, sensors, and the newest events', () => {
    const text = draw(model()).join('\n')
    expect(text).toMatch(/ARMED {3}state idle/)
    expect(text).toMatch(/pan +28\.6° \[·+┃·+\] +28\.6°\/s +12 % park/)
    expect(text).toMatch(/tilt +-57\.3° \[┃·+\]/)
    expect(text).toMatch(/room +stale +21\.5 \(stale, 12\.0 s\)/)
    expect(text).toMatch(/events\n {2}one\n {2}two\n {2}three/)
  })

  it.each([
    [200, 60],
    [80, 24],
    [40, 12],
    [20, 5],
    [8, 2],
    [1, 1],
  ])('fits %d columns and %d rows exactly, and its last line is the stop key', (columns, rows) => {
    const joints = Array.from({ length: 30 }, (_, i) => joint(`joint_${i}`, 0))
    const lost = { state: 'lost', what: 'It is gone.', fix: 'tendon list', mayHavePower: true, since: 0 } as const
    for (const contact of [{ state: 'live' } as const, lost]) {
      const lines = draw(model({ status: status({ joints }), contact }), columns, rows)
      expect(lines).toHaveLength(rows)
      for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns)
      if (columns >= 8) expect(lines.at(-1)).toMatch(/^ SPACE/)
    }
  })

  it('says how many lines there was no room for', () => {
    const joints = Array.from({ length: 30 }, (_, i) => joint(`joint_${i}`, 0))
    expect(draw(model({ status: status({ joints }) }), 80, 15).join('\n')).toMatch(/… \d+ more/)
  })

  it('of a robot that does not answer says that power may be on, since when, and what to run', () => {
    const contact = {
      state: 'lost',
      what: 'It is gone.',
      fix: 'tendon stop --port x',
      mayHavePower: true,
      since: 3000,
    } as const
    const text = draw(model({ contact })).join('\n')
    expect(text).toContain('NO ANSWER, last known: ARMED')
    expect(text).toContain('POWER MAY BE ON')
    expect(text).toContain('It is gone. (for 7 s)')
    expect(text).toContain('fix: tendon stop --port x')
  })

  it('shows who has stopped it, and what came of the stop key', () => {
    const latch = { by: 'cli', reason: 'a person' }
    const stop = { text: 'stop: NOT CONFIRMED: pan', confirmed: false }
    const text = draw(model({ status: status({ safety: 'fault', latch }), stop })).join('\n')
    expect(text).toContain('STOPPED by cli: a person (tendon reset)')
    expect(text).toContain('stop: NOT CONFIRMED: pan')
    expect(text).toContain('FAULT')
  })

  it('has no range for a joint that turns at speeds, and millimetres for one that slides', () => {
    const joints = [
      joint('wheel', 7, { limits: undefined }),
      joint('finger', 0.0123, { slides: true, limits: [0, 0.02] }),
    ]
    const text = draw(model({ status: status({ joints }) })).join('\n')
    expect(text).toMatch(/wheel +401\.1° {25,}/)
    expect(text).toMatch(/finger +12\.3 mm \[·+┃·+\] +500\.0 mm\/s/)
  })
})
