import type { Outcome, StopVerdict } from 'tendon'
import { z } from 'zod'
import { checkDone } from './measure.ts'
import { armed, benchModel, settled } from './robots.ts'
import { step } from './whole-command.ts'

/** A robot with commands that live until they are let go or told to end, and one that is over at once. */
export async function waitingRobot(slots: number, { subscribed = false } = {}) {
  const heard = new Hearing()
  let letGo: (() => void)[] = []
  let verdict: Promise<StopVerdict> | undefined
  const model = benchModel(slots)
  const goal = z.object({ x: z.number() })
  const wait = model.command({
    goal,
    category: 'work',
    // Also when disarmed: so that a stop needs no arming after it, which takes its time on purpose.
    allowed: ['idle', 'disarmed'],
    deadline: 600,
    run: ({ goal, onInterrupt, subscribe }) =>
      new Promise<number>((resolve) => {
        if (subscribed) subscribe(`to ${goal.x}`, () => resolve(goal.x))
        onInterrupt(heard.handler(() => resolve(goal.x)))
        letGo.push(() => resolve(goal.x))
      }),
  })
  const one = model.command({ goal, deadline: 600, run: ({ goal }) => step(goal.x) })
  const robot = await armed(model, { wait, one })

  /** Starts `count`, one caller each; when it resolves all bodies are running. */
  async function begin(count: number): Promise<Promise<Outcome>[]> {
    const outcomes = Array.from({ length: count }, (_, x) => robot.wait({ x }).result())
    while (letGo.length < count) await settled(1)
    return outcomes
  }

  /** Lets all bodies return, and waits until every caller has its answer. */
  async function finish(outcomes: readonly Promise<Outcome>[]): Promise<void> {
    const bodies = letGo
    letGo = []
    for (const end of bodies) end()
    await answered(outcomes, 'succeeded')
  }

  /** Disarms, and waits until every caller has its answer. */
  async function stop(outcomes: readonly Promise<Outcome>[]): Promise<void> {
    letGo = []
    verdict = robot.disarm()
    await answered(outcomes, 'canceled')
  }

  /** Waits until the last stop is over. */
  async function stopped(): Promise<void> {
    checkDone('stop confirmed', Number((await verdict)?.confirmed), 1)
    await settled()
  }

  return { robot, heard, begin, finish, stop, stopped }
}

/** Counts handlers as they are called, and notes when the last of those that are expected was. */
export class Hearing {
  #expected = 0
  #lastAt = Number.NaN
  count = 0

  /** What is registered as an interrupt handler, or as a plain callback. */
  handler(then: () => void): () => void {
    return () => {
      then()
      if (++this.count === this.#expected) this.#lastAt = performance.now()
    }
  }

  expect(handlers: number): void {
    this.#expected = handlers
    this.#lastAt = Number.NaN
    this.count = 0
  }

  /** Milliseconds on the clock of `performance`. */
  get lastAt(): number {
    return this.#lastAt
  }
}

/** Each caller is resumed by itself, as callers are. */
async function answered(outcomes: readonly Promise<Outcome>[], status: Outcome['status']): Promise<void> {
  let count = 0
  const caller = async (outcome: Promise<Outcome>): Promise<void> => {
    if ((await outcome).status === status) count++
  }
  let last: Promise<void> | undefined
  for (const outcome of outcomes) last = caller(outcome)
  await last
  for (let turns = 0; count < outcomes.length && turns < 100; turns++) await settled(1)
  checkDone(`outcomes ${status}`, count, outcomes.length)
}
