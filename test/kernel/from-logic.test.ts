import { fromLogic } from 'tendon'
import { describe, expect, it } from 'vitest'
import { assign, createMachine, fromCallback, fromPromise, setup } from 'xstate'
import { z } from 'zod'
import { bootArmed, codeOf, model } from './fixture.ts'

const counter = setup({
  types: {
    context: {} as { n: number },
    input: {} as { n: number },
    output: {} as number,
    events: {} as { type: 'GO' },
  },
}).createMachine({
  context: ({ input }) => ({ n: input.n }),
  initial: 'working',
  states: {
    working: { always: { target: 'done', actions: assign({ n: ({ context }) => context.n * 2 }) } },
    done: { type: 'final' },
  },
  output: ({ context }) => context.n,
})

describe('fromLogic', () => {
  it('makes the goal the input and the output the result', async () => {
    const work = model.command({ goal: z.object({ n: z.number() }), run: fromLogic(counter) })
    const { robot, now } = await bootArmed(model.with({ work }))
    expect(await now(robot.work({ n: 21 }).value())).toBe(42)
  })

  it('makes an error of the logic the failure of the run', async () => {
    const failing = fromPromise(async () => {
      throw new Error('in the logic')
    })
    const invoking = createMachine({ invoke: { src: failing } })
    const { robot, now } = await bootArmed(
      model.with({
        direct: model.command({ run: fromLogic(failing) }),
        invoked: model.command({ run: fromLogic(invoking) }),
      }),
    )
    for (const name of ['direct', 'invoked'])
      expect(await now(robot.execute(name).result())).toMatchObject({
        status: 'failed',
        error: { facts: { reason: 'in the logic' } },
      })
  })

  it('stops the actor on a cancel, at once', async () => {
    let cleaned = 0
    const endless = fromCallback(() => () => {
      cleaned++
    })
    const machine = createMachine({ invoke: { src: endless } })
    const { robot, clock, now } = await bootArmed(model.with({ work: model.command({ run: fromLogic(machine) }) }))
    const handle = robot.work()
    await clock.settle()
    const begin = clock.now()
    expect(await now(handle.cancel())).toMatchObject({ status: 'canceled', cutOff: false })
    expect([cleaned, clock.now()]).toEqual([1, begin])
  })

  it('shows snapshots to the body’s own listener, for feedback', async () => {
    const seen: unknown[] = []
    const work = model.command({
      goal: z.object({ n: z.number() }),
      run: fromLogic(counter, (snapshot) => seen.push(snapshot.value)),
    })
    const { robot, now } = await bootArmed(model.with({ work }))
    await now(robot.work({ n: 1 }).value())
    expect(seen).toContain('done')
  })

  it('makes what that listener throws the failure of the run, not of the process', async () => {
    const endless = createMachine({ initial: 'a', states: { a: {} } })
    const work = model.command({
      run: fromLogic(endless, () => {
        throw new Error('in the listener')
      }),
    })
    const { robot, now } = await bootArmed(model.with({ work }))
    const outcome = await now(robot.work().result())
    expect(codeOf(outcome)).toBe('TENDON_BODY_THREW')
    expect(outcome).toMatchObject({ error: { facts: { reason: 'in the listener' } } })
  })
})
