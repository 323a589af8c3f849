import PQueue from 'p-queue'
import { defineRobot, start } from 'tendon'
import { z } from 'zod'
import { atMost, checkDone, compare, type Row, type Side } from './measure.ts'

/** Commands per call of a side. */
const BATCH = 1000

const goalSchema = z.object({ x: z.number() })

/** The step that both sides do: it waits once, and answers with what it was given. */
export async function step(x: number): Promise<number> {
  await undefined
  return x
}

/** An armed robot with one command of everything that a command has by default: goal, states, slot, deadline, events. */
export async function armedRobot(limit: number) {
  const model = defineRobot('bench', { categories: { work: { limit } }, limits: { maxRuns: 200_000 } })
  const command = model.command({
    goal: goalSchema,
    category: 'work',
    deadline: 10,
    run: ({ goal }) => step(goal.x),
  })
  const robot = await start(model.with({ step: command }))
  const verdict = await robot.arm()
  if (!verdict.armed) throw new Error('the bench robot did not arm')
  return robot
}

export type BenchRobot = Awaited<ReturnType<typeof armedRobot>>

/** `callers` in parallel, each asking again when it was answered, until `BATCH` answers have come. */
async function byCallers(callers: number, ask: (x: number) => Promise<number>): Promise<void> {
  let sum = 0
  let next = 0
  const caller = async (): Promise<void> => {
    while (next < BATCH) {
      const answer = await ask(next++)
      sum += answer
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  checkDone('sum of the answers', sum, (BATCH * (BATCH - 1)) / 2)
}

/** The whole path of a command, with a check that both of its events are in the log and its slot is free. */
export function commands(robot: BenchRobot, callers: number): Side {
  const ask = async (x: number): Promise<number> => {
    const outcome = await robot.step({ x }).result()
    return outcome.status === 'succeeded' ? outcome.value : Number.NaN
  }
  return async () => {
    const before = robot.log.seq
    await byCallers(callers, ask)
    checkDone('events', robot.log.seq - before, 2 * BATCH)
    checkDone('slots taken', robot.category('work').taken, 0)
  }
}

async function against(callers: number): Promise<Row> {
  const robot = await armedRobot(callers)
  const queue = new PQueue({ concurrency: callers })
  const ratio = await compare(commands(robot, callers), () =>
    byCallers(callers, async (x) => (await queue.add(() => step(x))) as number),
  )
  await robot.close()
  return atMost('G1', callers === 1 ? '1 caller' : `${callers} callers`, 1, ratio)
}

/** G1: the whole path of a command against `p-queue` doing the same step. */
export async function g1(): Promise<Row[]> {
  return [await against(1), await against(100)]
}
