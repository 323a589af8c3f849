import { defineRobot, read } from 'tendon'
import type { SensorSink, SensorSpec } from 'tendon/device'
import { describe, expect, it } from 'vitest'
import { bootArmed, codeOf } from './fixture.ts'

/** A sensor that says what the test says. */
class Spoken implements SensorSpec<number> {
  readonly kind = 'spoken'
  sink: SensorSink<number> | undefined
  withPort(): Spoken {
    return this
  }
  async open(_: unknown, sink: SensorSink<number>): Promise<{ close(): Promise<void> }> {
    this.sink = sink
    return { close: async () => {} }
  }
  say(value: number): void {
    this.sink?.value(value)
  }
}

function desk() {
  const spoken = new Spoken()
  return { spoken, model: defineRobot('desk', { sensors: { heard: spoken }, categories: { many: { limit: 9 } } }) }
}

describe('a sensor inside a run', () => {
  it('gives the next reading, and the newest one at no cost', async () => {
    const { spoken, model } = desk()
    const work = model.command({
      async run({ sensors }) {
        const before = sensors.heard.latest().status
        const { value } = await sensors.heard.next()
        return [before, value, sensors.heard.latest().status]
      },
    })
    const { robot, clock, now } = await bootArmed(model.with({ work }))
    const handle = robot.work()
    await clock.settle()
    spoken.say(7)
    expect(await now(handle.value())).toEqual(['unknown', 7, 'fresh'])
  })

  it('ends every wait, loop and subscription with the run', async () => {
    const { spoken, model } = desk()
    const heard: number[] = []
    let ended = 0
    const work = model.command({
      async run({ sensors, sleep }) {
        sensors.heard.subscribe(({ value }) => heard.push(value))
        sensors.heard.observable().subscribe({ complete: () => ended++ })
        const loop = async () => {
          for await (const _ of sensors.heard.readings());
          ended++
        }
        void loop()
        sensors.heard.next()
        await sleep(99)
      },
    })
    const { robot, clock, now } = await bootArmed(model.with({ work }))
    const handle = robot.work()
    await clock.settle()
    spoken.say(1)
    await clock.settle()
    expect(await now(handle.cancel())).toMatchObject({ status: 'canceled', cutOff: false })
    spoken.say(2)
    await clock.settle()
    expect([heard, ended]).toEqual([[1], 2])
  })

  it.each(['sync', 'async'])('whose listener throws (%s) fails its run, and no other hears less', async (kind) => {
    const { spoken, model } = desk()
    const fail = (): never => {
      throw new Error('in listener')
    }
    const bad = model.command({
      category: 'many',
      run({ sensors, sleep }) {
        sensors.heard.subscribe(kind === 'sync' ? fail : async () => fail())
        return sleep(99)
      },
    })
    const good = model.command({ category: 'many', run: async ({ sensors }) => (await sensors.heard.next()).value })
    const { robot, clock, now } = await bootArmed(model.with({ bad, good }))
    const [failing, fine] = [robot.bad(), robot.good()]
    await clock.settle()
    spoken.say(3)
    expect(await now(failing.result())).toMatchObject({ status: 'failed', error: { facts: { reason: 'in listener' } } })
    expect(await now(fine.value())).toBe(3)
  })

  it('cannot be touched any more by a body that is over', async () => {
    const { model } = desk()
    let late = (): unknown => undefined
    const work = model.command({
      run({ sensors }) {
        late = () => sensors.heard.latest()
      },
    })
    const { robot } = await bootArmed(model.with({ work }))
    await robot.work().result()
    let code: unknown
    try {
      late()
    } catch (error) {
      code = codeOf(error)
    }
    expect(code).toBe('TENDON_ACCESS_AFTER_END')
  })

  it('is read by generators, one reading at a time', async () => {
    const { spoken, model } = desk()
    const work = model.command({
      *run({ sensors }) {
        const a = yield* read(sensors.heard)
        const b = yield* read(sensors.heard)
        return [a, b].map((reading) => reading.value)
      },
    })
    const { robot, clock, now } = await bootArmed(model.with({ work }))
    const handle = robot.work()
    await clock.settle()
    spoken.say(1)
    await clock.settle()
    spoken.say(2)
    expect(await now(handle.value())).toEqual([1, 2])
  })
})
