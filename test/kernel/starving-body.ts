/**
 * A program for `starvation.test.ts`: one body of the kind that its argument names, for 300 ms; then a stop. It prints
 * what it saw, if it ever gets so far.
 */
import { writeSync } from 'node:fs'
import { start } from 'tendon'
import { model } from './fixture-model.ts'

const refused = model.command({ category: 'pair', allowed: ['recording'], run() {} })
const uses = { refused }

const bodies = {
  'refused children': model.command({
    uses,
    async run({ robot, interrupted }) {
      while (!interrupted) await robot.refused().result()
    },
  }),
  'values of refused children': model.command({
    uses,
    async run(ctx) {
      while (!ctx.interrupted)
        await ctx.robot
          .refused()
          .value()
          .catch(() => {})
    },
  }),
  halts: model.command({
    async run(ctx) {
      while (!ctx.interrupted) await ctx.joints.halt()
    },
  }),
  'sleeps of nothing': model.command({
    async run({ sleep }) {
      for (;;) await sleep(0)
    },
  }),
  'children of a generator': model.command({
    uses,
    *run({ robot }) {
      for (;;) yield* robot.refused().outcome()
    },
  }),
  'busy loop': model.command({
    run() {
      for (;;);
    },
  }),
  'microtasks of its own': model.command({
    async run() {
      for (;;) await undefined
    },
  }),
}

const kind = process.argv[2] as keyof typeof bodies
const robot = await start(model.with({ body: bodies[kind] }))
await robot.arm()
let timers = 0
const ticking = setInterval(() => timers++, 10)
writeSync(1, 'started\n')
const handle = robot.body()
await new Promise((resolve) => setTimeout(resolve, 300))
const begin = performance.now()
await robot.stop()
const stop = performance.now() - begin
const { status: outcome } = await handle.result()
clearInterval(ticking)
writeSync(1, `${JSON.stringify({ timers, stop, outcome })}\n`)
await robot.close()
