import { VirtualClock } from 'tendon/testing'
import { describe, expect, it } from 'vitest'
import { EventLog } from '../../src/log/event-log.ts'
import { jsonLines } from '../../src/log/json-lines.ts'
import { bootArmed, model } from './fixture.ts'

const note = (n: number) => ({ type: 'note', what: `${n}`, facts: {} }) as const
const numbered = (log: EventLog): number[] => log.entries().map(({ seq }) => seq)

/** A stream that says when it is full. */
class Sink {
  readonly lines: Record<string, unknown>[] = []
  full = false
  #drained: (() => void)[] = []
  write(line: string): boolean {
    this.lines.push(JSON.parse(line))
    return !this.full
  }
  once(_: 'drain', listener: () => void): void {
    this.#drained.push(listener)
  }
  drain(): void {
    this.full = false
    for (const listener of this.#drained.splice(0)) listener()
  }
}

describe('the event log', () => {
  it('keeps the newest so many, with consecutive numbers', () => {
    const log = new EventLog(new VirtualClock(), 4)
    for (let i = 1; i <= 10; i++) log.record(note(i))
    expect(numbered(log)).toEqual([7, 8, 9, 10])
    expect(log.entries({ after: 8 }).map(({ seq }) => seq)).toEqual([9, 10])
    expect(log.entries({ after: 99 })).toEqual([])
  })

  it('counts what listeners could not hear any more', () => {
    const log = new EventLog(new VirtualClock(), 4)
    const heard: number[] = []
    log.onAny(({ seq }) => heard.push(seq))
    for (let i = 1; i <= 10; i++) log.record(note(i))
    log.publish()
    expect([heard, log.lost]).toEqual([[7, 8, 9, 10], 6])
  })

  it('tells each event at most once, also when a listener causes more than the log can hold', () => {
    const log = new EventLog(new VirtualClock(), 4)
    const heard: number[] = []
    log.onAny(({ seq }) => {
      heard.push(seq)
      if (seq === 1) for (let i = 0; i < 6; i++) log.record(note(i))
    })
    for (let i = 0; i < 4; i++) log.record(note(i))
    log.publish()
    log.publish()
    expect(heard).toEqual([1, 7, 8, 9, 10])
    expect(log.lost).toBe(5)
  })

  it('calls nobody while an event is recorded: a listener hears of it in a later turn', async () => {
    const { robot, clock } = await bootArmed(model.with({ work: model.command({ run() {} }) }))
    const heard: string[] = []
    robot.log.onAny(({ type }) => heard.push(type))
    await robot.work().result()
    expect(heard).toEqual([])
    await clock.settle()
    expect(heard).toEqual(['started', 'ended'])
  })

  it('tells of a start in the next turn, however long nothing else happens', async () => {
    const slow = model.command({ allowed: ['idle'], run: ({ sleep }) => sleep(20) })
    const { robot, clock } = await bootArmed(model.with({ slow }))
    const heard: string[] = []
    robot.log.onAny(({ type }) => heard.push(type))
    robot.slow()
    await clock.advance(1)
    expect(heard).toEqual(['started'])
    await robot.close()
  })

  it('lets a listener send commands, which come after', async () => {
    const { robot, clock, now } = await bootArmed(model.with({ work: model.command({ run() {} }) }))
    let rounds = 0
    robot.log.on('ended', () => {
      if (++rounds < 5) robot.work()
    })
    await now(robot.work().result())
    await clock.settle()
    expect(rounds).toBe(5)
  })
})

describe('JSON lines', () => {
  it('are one line for each event, in order, with wall time', async () => {
    const { robot, clock } = await bootArmed(model.with({ work: model.command({ run: () => 1 }) }))
    const sink = new Sink()
    robot.log.to(sink)
    await robot.work().result()
    await clock.settle()
    expect(sink.lines.map(({ type }) => type)).toEqual(['started', 'ended'])
    for (const line of sink.lines) expect(line.wall).toBeCloseTo(clock.wall(), 3)
  })

  it('are dropped and counted while the sink is full, and one line says how many', () => {
    const clock = new VirtualClock()
    const log = new EventLog(clock, 100)
    const sink = new Sink()
    const lines = jsonLines(log, clock, sink)
    sink.full = true
    for (let i = 0; i < 6; i++) log.record(note(i))
    log.publish()
    expect([sink.lines.length, lines.dropped]).toEqual([1, 5])
    sink.drain()
    expect(sink.lines.at(-1)).toEqual({ type: 'dropped', what: 'log lines', count: 5 })
    log.record(note(9))
    log.publish()
    expect(sink.lines.at(-1)).toMatchObject({ seq: 7 })
    lines.end()
    log.record(note(10))
    log.publish()
    expect([sink.lines.length, log.listeners]).toEqual([3, 0])
  })

  it('carry what JSON cannot: cycles, bigints, errors, and values that throw when they are looked at', async () => {
    const cycle: Record<string, unknown> = { big: 10n, error: new Error('x') }
    cycle.self = cycle
    const trap = {
      get value(): never {
        throw new Error('do not look')
      },
    }
    const { robot, clock } = await bootArmed(model.with({ work: model.command({ run() {} }) }))
    const sink = new Sink()
    robot.log.to(sink)
    for (const goal of [cycle, trap]) {
      await robot.execute('nothing', goal).result()
      await clock.settle()
    }
    expect(sink.lines).toMatchObject([
      { type: 'refused', goal: { big: '10', error: { message: 'x' }, self: '[repeated]' } },
      { type: 'refused', unprintable: 'do not look' },
    ])
  })
})
