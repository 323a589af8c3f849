/** Measures memory in a process of its own: `memory-process.ts <live commands> <commands>`. Prints a `MemoryReport`. */
import * as v8 from 'node:v8'
import type { Outcome } from 'tendon'
import { z } from 'zod'
import { Run } from '../src/run/run.ts'
import { checkDone } from './measure.ts'
import type { MemoryReport } from './memory.ts'
import { armed, benchModel, gate, settled } from './robots.ts'
import { step } from './whole-command.ts'

const [live = 0, commands = 0] = process.argv.slice(2).map(Number)
/** Commands under way at a time while the heap is watched. */
const CALLERS = 100

const collect = globalThis.gc
if (!collect) throw new Error('run it with --expose-gc')

async function heap(): Promise<number> {
  await settled()
  for (let i = 0; i < 3; i++) collect?.()
  return process.memoryUsage().heapUsed
}

const model = benchModel(Math.max(live, CALLERS))
const goal = z.object({ x: z.number() })
let heard = 0
let door = gate()
const hear = (): void => {
  heard++
}
const wait = model.command({
  goal,
  category: 'work',
  deadline: 600,
  run({ goal, subscribe }) {
    subscribe(`to ${goal.x}`, hear)
    return door.opened
  },
})
const one = model.command({ goal, category: 'work', deadline: 10, run: ({ goal }) => step(goal.x) })
const robot = await armed(model, { wait, one })

async function bytesPerCommand(): Promise<number> {
  let answered = 0
  // As little as a caller and a body can hold themselves: what is measured is what the runtime holds for them.
  const answer = (outcome: Outcome): void => {
    if (outcome.status === 'succeeded') answered++
  }
  const round = async (count: number): Promise<number> => {
    answered = 0
    heard = 0
    const before = await heap()
    for (let x = 0; x < count; x++) void robot.wait({ x }).result().then(answer)
    const bytes = (await heap()) - before
    for (let x = 0; x < count; x++) robot.events.publish(`to ${x}`, x)
    checkDone('subscriptions that heard', heard, count)
    door.open()
    door = gate()
    await settled()
    checkDone('answers', answered, count)
    return bytes / count
  }
  // The first round fills the log and lets the tables grow.
  await round(Math.min(live, 10_000))
  return round(live)
}

async function work(count: number): Promise<void> {
  let next = 0
  let sum = 0
  const caller = async (): Promise<void> => {
    while (next < count) {
      const outcome = await robot.one({ x: next++ }).result()
      if (outcome.status === 'succeeded') sum++
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, caller))
  checkDone('answers', sum, count)
}

async function growth(): Promise<number> {
  await work(commands / 10)
  const before = await heap()
  await work(commands)
  return (100 * ((await heap()) - before)) / before
}

/** Objects of a class on the heap, which only this reaches. */
function count(of: abstract new (...args: never[]) => unknown): number {
  const query = (v8 as unknown as { queryObjects?: (ctor: unknown) => number }).queryObjects
  if (!query) throw new Error('this Node has no v8.queryObjects')
  return query(of)
}

const perCommand = await bytesPerCommand()
const grown = await growth()
await settled()
heard = 0
for (let x = 0; x < live; x++) robot.events.publish(`to ${x}`, x)
const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout' || kind === 'Immediate')
const report: MemoryReport = {
  live,
  bytesPerCommand: perCommand,
  commands,
  growth: grown,
  timers: timers.length,
  listeners: heard,
  results: count(Run) + robot.runs().length,
}
await robot.close()
process.stdout.write(JSON.stringify(report))
