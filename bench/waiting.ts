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

  /** Starts `count`, with one caller each that waits from now on; when it resolves all bodies are running. */
  async function begin(count: number): Promise<Answers> {
    const answers = new Answers(count)
    for (let x = 0; x < count; x++) void robot.wait({ x }).result().then(answers.take)
    while (letGo.length < count) await settled(1)
    return answers
  }

  /** Lets all bodies return, and waits until every caller has its answer. */
  async function finish(answers: Answers): Promise<void> {
    const bodies = letGo
    letGo = []
    for (const end of bodies) end()
    await answers.all
    answers.check('succeeded')
  }

  /** Disarms, and waits until every caller has its answer. */
  async function stop(answers: Answers): Promise<void> {
    letGo = []
    verdict = robot.disarm()
    await answers.all
    answers.check('canceled')
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

/** The callers of a number of commands. */
class Answers {
  readonly #expected: number
  readonly #counts = new Map<Outcome['status'], number>()
  #count = 0
  #done = (): void => {}
  /** Resolves when the last one was answered. */
  readonly all: Promise<void>

  constructor(expected: number) {
    this.#expected = expected
    this.all = new Promise((resolve) => {
      this.#done = resolve
    })
  }

  readonly take = ({ status }: Outcome): void => {
    this.#counts.set(status, (this.#counts.get(status) ?? 0) + 1)
    if (++this.#count === this.#expected) this.#done()
  }

  check(status: Outcome['status']): void {
    checkDone(`outcomes ${status}`, this.#counts.get(status) ?? 0, this.#expected)
  }
}
