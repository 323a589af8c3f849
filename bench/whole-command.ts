import PQueue from 'p-queue'
import type { Outcome } from 'tendon'
import { z } from 'zod'
import type { Effort } from './effort.ts'
import { atMost, checkDone, compare, type Row, type Side } from './measure.ts'
import { armed, benchModel } from './robots.ts'

/** Commands per call of a side. */
const BATCH = 1000

/** The step that both sides do: it waits once, and answers with what it was given. */
export async function step(x: number): Promise<number> {
  await undefined
  return x
}

/** The answer is the number. */
export const itself = (answer: number): number => answer

/** An armed robot with a command that has everything a command can have by default, and `callers` slots for it. */
export function steppingRobot(callers: number) {
  const model = benchModel(callers)
  const command = model.command({
    goal: z.object({ x: z.number() }),
    category: 'work',
    deadline: 10,
    run: ({ goal }) => step(goal.x),
  })
  return armed(model, { step: command })
}

/** `callers` in parallel, each asking again when it was answered, until all answers have come; `read` is free of waits. */
export async function byCallers<A>(
  callers: number,
  ask: (x: number) => Promise<A>,
  read: (answer: A) => number,
): Promise<void> {
  let sum = 0
  let next = 0
  const caller = async (): Promise<void> => {
    while (next < BATCH) {
      const answer = await ask(next++)
      sum += read(answer)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  checkDone('sum of the answers', sum, (BATCH * (BATCH - 1)) / 2)
}

/** The whole path of a command; each batch must leave two events per command in the log, and no slot taken. */
export function wholeCommands(robot: Awaited<ReturnType<typeof steppingRobot>>, callers: number): Side {
  const ask = (x: number): Promise<Outcome<number>> => robot.step({ x }).result()
  const read = (outcome: Outcome<number>): number => (outcome.status === 'succeeded' ? outcome.value : Number.NaN)
  return async () => {
    const before = robot.log.seq
    await byCallers(callers, ask, read)
    checkDone('events', robot.log.seq - before, 2 * BATCH)
    checkDone('slots taken', robot.category('work').taken, 0)
  }
}

async function againstQueue(callers: number, effort: Effort): Promise<Row> {
  const robot = await steppingRobot(callers)
  const queue = new PQueue({ concurrency: callers })
  const ask = (x: number): Promise<number> => queue.add(() => step(x))
  const sides = [wholeCommands(robot, callers), () => byCallers(callers, ask, itself)] as const
  // Both have code enough that the compiler needs longer than the warm-up of `compare` to have seen it all.
  for (let batch = 0; batch < 100 / effort.divisor; batch++) for (const side of sides) await side()
  const ratio = await compare(...sides, effort)
  await robot.close()
  return atMost('G1', callers === 1 ? '1 caller' : `${callers} callers`, 1, ratio)
}

/** G1: the whole path of a command against `p-queue` doing the same step with as many slots. */
export async function g1(effort: Effort): Promise<Row[]> {
  return [await againstQueue(1, effort), await againstQueue(100, effort)]
}
