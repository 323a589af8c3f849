import type { Outcome, Problem } from 'tendon'
import { TendonError } from 'tendon/device'
import type { ControlClient } from '../control/client.ts'
import { theRobot } from '../control/find.ts'
import type { ExecEvent, ExecResult } from '../control/protocol.ts'
import { askingFirst } from '../first-motion.ts'
import { goalFrom, type WrittenGoal } from '../goal-words.ts'
import { outcomeShown } from '../outcome-text.ts'
import { callerOutput, type Output } from '../output.ts'
import { goalIssues } from '../problem-text.ts'
import { type Progress, progressFor } from '../progress.ts'
import { quantityIn } from '../quantity.ts'
import { UsageError } from '../usage-error.ts'
import { type Call, given, has, type Perform } from '../verb.ts'
import { showNotArmed } from '../verdict-text.ts'

/** Runs one command of a running robot and waits for its outcome. Ctrl-C cancels the run, not the robot. */
export const exec: Perform = async (call) => {
  const output = callerOutput(call)
  const [command = '', ...words] = call.args
  const written = goalFrom(command, words, given(call, 'goal'))
  const timeout = timeoutIn(call)
  const client = await theRobot(given(call, 'robot'))
  const run = new RunOverThere(client, output, command)
  try {
    return await run.end({
      written,
      timeout,
      arm: has(call, 'arm'),
      yes: has(call, 'yes'),
      detach: has(call, 'detach'),
    })
  } finally {
    client.close()
  }
}

function timeoutIn(call: Call): number | undefined {
  const text = given(call, 'timeout')
  if (text === undefined) return undefined
  const quantity = quantityIn(text)
  const isTime =
    quantity && 'value' in quantity && quantity.value > 0 && ['s', 'ms', 'min', undefined].includes(quantity.unit)
  if (!isTime) throw new UsageError(`--timeout ${text} is no time.`, 'tendon exec ... --timeout 10s')
  return quantity.value
}

interface Wanted {
  readonly written: WrittenGoal
  readonly timeout: number | undefined
  readonly arm: boolean
  /** A first motion has been agreed to. */
  readonly yes: boolean
  readonly detach: boolean
}

/** One run of another process, as this one shows it. */
class RunOverThere {
  readonly #client: ControlClient
  readonly #output: Output
  readonly #command: string
  #progress: Progress | undefined
  #run: string | undefined
  #began = performance.now()
  #interrupted = false

  constructor(client: ControlClient, output: Output, command: string) {
    this.#client = client
    this.#output = output
    this.#command = command
  }

  async end({ written, timeout, arm, yes, detach }: Wanted): Promise<number> {
    const onSignal = (): void => this.#interrupt()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
    const timer =
      timeout === undefined ? undefined : setTimeout(() => this.#cancel(), Math.min(timeout * 1000, 2 ** 31 - 1))
    const body = { command: this.#command, goal: written.goal, units: written.units, arm, detach }
    try {
      this.#progress = await progressFor(this.#output, this.#command)
      const result = await askingFirst(yes, (confirmed) =>
        this.#client.call<ExecResult>('exec', { ...body, confirmed }, (event: ExecEvent) => this.#on(event)),
      )
      this.#progress.end()
      return this.#ended(result, written)
    } catch (error) {
      throw error instanceof TendonError ? new TendonError(hinted(error.problem, written)) : error
    } finally {
      this.#progress?.end()
      clearTimeout(timer)
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal)
    }
  }

  #on(event: ExecEvent): void {
    this.#output.data(event)
    if (event.type === 'armed') this.#output.say('armed')
    if (event.type === 'started') {
      this.#run = event.run
      this.#began = performance.now()
    }
    if (event.type === 'feedback') this.#progress?.update(event.feedback)
  }

  #ended(result: ExecResult, written: WrittenGoal): number {
    if ('notArmed' in result) return showNotArmed(this.#output, result.notArmed, this.#command)
    if ('detached' in result) {
      this.#output.show(
        { type: 'detached', run: result.run },
        `${result.run} runs on; tendon runs shows it, tendon cancel ${result.run} ends it`,
      )
      return 0
    }
    const took = (performance.now() - this.#began) / 1000
    return outcomeShown(
      this.#output,
      { command: this.#command, run: result.run, took },
      hintedOutcome(result.outcome, written),
    )
  }

  /** The first asks the run to end; the second does not wait for it: the robot cancels it when this process is gone. */
  #interrupt(): void {
    if (this.#interrupted || this.#run === undefined) {
      this.#progress?.end()
      process.exit(130)
    }
    this.#interrupted = true
    this.#output.say('canceling; once more to not wait for it')
    this.#cancel()
  }

  #cancel(): void {
    // What it answers is what `exec` answers too.
    if (this.#run !== undefined) void this.#client.call('cancel', { run: this.#run }).catch(() => {})
  }
}

/** A number without a unit is radians where an angle is wanted; who means degrees is told how to write it. */
function hinted(found: Problem, { bare }: WrittenGoal): Problem {
  const issues = goalIssues(found)?.map(({ path, message }) => {
    const name = path.join('.')
    const isAngle = bare.includes(name) && message.includes(' rad ')
    return { path, message: `${message}${isAngle ? ` (a bare number is radians; for degrees: ${name}=30deg)` : ''}` }
  })
  return issues ? { ...found, facts: { ...found.facts, issues } } : found
}

function hintedOutcome(outcome: Outcome, written: WrittenGoal): Outcome {
  return outcome.status === 'refused' ? { ...outcome, error: hinted(outcome.error, written) } : outcome
}
