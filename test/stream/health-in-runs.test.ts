import { defineRobot } from 'tendon'
import { describe, expect, it } from 'vitest'
import { boot, Spoken } from '../rules/fixture.ts'

function desk() {
  const heard = new Spoken<number>()
  return { heard, model: defineRobot('desk', { sensors: { heard } }) }
}

describe('a sensor inside a run', () => {
  it('tells its health and each change of it, until the run is over', async () => {
    const { heard, model } = desk()
    const seen: string[] = []
    let late = (): unknown => undefined
    const work = model.command({
      async run({ sensors, sleep }) {
        late = () => sensors.heard.health()
        seen.push(sensors.heard.health())
        sensors.heard.onHealth(({ to }) => seen.push(to))
        sensors.heard.onHealth(() => seen.push('never'))()
        await sleep(1)
      },
    })
    const { robot, clock } = await boot(model.with({ work }))
    robot.work()
    await clock.settle()
    heard.say(1)
    await clock.advance(2)
    heard.unplug()
    expect(seen).toEqual(['unknown', 'ok'])
    expect(late).toThrow('TENDON_ACCESS_AFTER_END')
    heard.plugged = true
  })

  it('whose health listener throws fails its run', async () => {
    const { heard, model } = desk()
    const work = model.command({
      run({ sensors, sleep }) {
        sensors.heard.onHealth(() => {
          throw new Error('in listener')
        })
        return sleep(99)
      },
    })
    const { robot, clock } = await boot(model.with({ work }))
    const handle = robot.work()
    await clock.settle()
    heard.say(1)
    expect(await clock.run(handle.result())).toMatchObject({ status: 'failed', error: { code: 'TENDON_BODY_THREW' } })
  })

  it('gives a listener that is busy nothing, and drops by its rule; a loop counts what it dropped', async () => {
    const { heard, model } = desk()
    const seen: number[] = []
    const work = model.command({
      async run({ sensors, sleep }) {
        const readings = sensors.heard.readings()
        const iterator = readings[Symbol.asyncIterator]()
        const busy = sensors.heard.subscribe(async ({ value }) => {
          seen.push(value)
          await sleep(1)
        })
        await sleep(3)
        busy.unsubscribe()
        await iterator.return?.()
        return [busy.dropped, readings.dropped]
      },
    })
    const { robot, clock } = await boot(model.with({ work }))
    const handle = robot.work()
    await clock.settle()
    heard.say(1, 2, 3)
    expect(await clock.run(handle.value())).toEqual([1, 2])
    expect(seen).toEqual([1, 3])
  })
})
