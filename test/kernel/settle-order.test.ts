import { describe, expect, it } from 'vitest'
import { bootArmed, fails, gate, model, never } from './fixture.ts'

const quick = model.command({ category: 'motion', run: () => 'next' })

type Body = () => unknown

describe('whoever resumes on an outcome', () => {
  it('finds the transition applied: its first command is judged in the new state', async () => {
    const record = model.command({ category: 'motion', run: ({ next }) => next('recording') })
    const inRecording = model.command({ category: 'motion', allowed: ['recording'], run: () => 'here' })
    const { robot, now } = await bootArmed(model.with({ record, inRecording }))
    const first = robot.record()
    const second = first.result().then(() => {
      expect(robot.state).toBe('recording')
      return robot.inRecording().value()
    })
    expect(await now(second)).toBe('here')
  })

  it('finds its slot and its claims free', async () => {
    const work = model.command({ category: 'default', claims: ['lamp'], run: ({ sleep }) => sleep(1) })
    const { robot, now } = await bootArmed(model.with({ work }))
    const again = robot
      .work()
      .result()
      .then(async () => {
        const handle = robot.work()
        return [handle.status, (await handle.result()).status]
      })
    expect(await now(again)).toEqual(['starting', 'succeeded'])
  })

  it('finds the record in the log, with the transition after the end and before its next start', async () => {
    const record = model.command({ category: 'motion', run: ({ next }) => next('recording') })
    const after = model.command({ category: 'motion', allowed: ['recording'], run() {} })
    const { robot, now, typesAfter } = await bootArmed(model.with({ record, after }))
    const { seq } = robot.log
    const done = robot
      .record()
      .result()
      .then(async () => {
        expect(typesAfter(seq)).toEqual(['started', 'ended', 'transition'])
        await robot.after().result()
      })
    await now(done)
    expect(typesAfter(seq)).toEqual(['started', 'ended', 'transition', 'started', 'ended'])
  })

  it.each([
    ['succeeds', (): string => 'ok', undefined],
    ['throws', fails, undefined],
    ['is canceled', never, 'cancel'],
    ['runs out of time', never, 'deadline'],
    ['is preempted', never, 'preempt'],
  ] as const)('is admitted with its first statement when the run before %s', async (_, run, act) => {
    const work = model.command({ category: 'motion', deadline: 2, run: run as Body })
    const { robot, clock, now } = await bootArmed(model.with({ work, quick }))
    const handle = robot.work()
    const following = handle.result().then((): Promise<unknown> => robot.quick().result())
    await clock.settle()
    if (act === 'cancel') void handle.cancel()
    if (act === 'preempt') robot.quick()
    expect(await now(following)).toMatchObject({ status: 'succeeded', value: 'next' })
  })

  it('is answered before any listener of the log hears of the end', async () => {
    const { robot, now } = await bootArmed(model.with({ quick }))
    const order: string[] = []
    robot.log.on('ended', () => order.push('listener'))
    await now(
      robot
        .quick()
        .result()
        .then(() => order.push('caller')),
    )
    await now(Promise.resolve())
    expect(order).toEqual(['caller', 'listener'])
  })

  it('never overtakes a run that waited in the queue before it', async () => {
    const body = gate()
    const order: string[] = []
    const first = model.command({ category: 'line', run: () => body.opening })
    const waiting = model.command({ category: 'line', run: () => void order.push('waiting') })
    const newcomer = model.command({ category: 'line', run: () => void order.push('newcomer') })
    const { robot, clock, now } = await bootArmed(model.with({ first, waiting, newcomer }))
    const following = robot
      .first()
      .result()
      .then(() => robot.newcomer().status)
    robot.waiting()
    await clock.settle()
    body.open()
    expect(await now(following)).toBe('queued')
    await clock.settle()
    expect(order).toEqual(['waiting', 'newcomer'])
  })
})
