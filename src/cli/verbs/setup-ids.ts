import { exitCodes } from '../exit-codes.ts'
import { loadRobot } from '../load-robot.ts'
import { callerOutput, type Output } from '../output.ts'
import { progressFor } from '../progress.ts'
import { report } from '../report.ts'
import { refusePortOfRobot } from '../setup/adapter.ts'
import { waitIn } from '../setup/flags.ts'
import { baudsIn, idsIn } from '../setup/id-list.ts'
import type { ChainServo } from '../setup/missing.ts'
import { numberServo, type Search, theOnlyServo } from '../setup/number-servo.ts'
import { Person, somebodyIsThere, untilInterrupted } from '../setup/person.ts'
import { linesOf, type RobotLine } from '../setup/robot-lines.ts'
import type { Finding } from '../setup/scan-line.ts'
import { UsageError } from '../usage-error.ts'
import { type Call, given, type Perform } from '../verb.ts'

/** One joint whose servo is to be set up. */
interface Step {
  readonly line: RobotLine
  readonly servo: ChainServo
}

type Look = Pick<Search, 'bauds' | 'ids' | 'wait' | 'leaving'>

/** Gives the servos of a robot their ids and baud rate, one servo on the line at a time. */
export const setupIds: Perform = async (call) => {
  const output = callerOutput(call)
  const look = { bauds: baudsIn(given(call, 'baud')), ids: idsIn(given(call, 'ids')), wait: waitIn(call) }
  const from = fromIn(call)
  const lines = linesOf(await loadRobot(call.args[0] ?? ''), given(call, 'port'))
  const steps = stepsOf(lines, given(call, 'joint'))
  if (from === undefined && !somebodyIsThere())
    throw new UsageError(
      'Nobody is at a terminal to connect one servo after the other.',
      `Connect one servo and name it: tendon setup-ids ${call.args[0]} --joint ${steps[0]?.servo.joint} --from 1`,
    )
  for (const { path } of lines) await refusePortOfRobot(path)
  return untilInterrupted(async (leaving) =>
    from === undefined ? walk(output, steps, { ...look, leaving }) : single(output, steps, from, { ...look, leaving }),
  )
}

function fromIn(call: Call): number | undefined {
  const text = given(call, 'from')
  if (text === undefined) return undefined
  if (given(call, 'joint') === undefined)
    throw new UsageError(
      '--from belongs to one joint.',
      `tendon setup-ids ${call.args[0]} --joint <name> --from ${text}`,
    )
  if (!/^\d+$/.test(text)) throw new UsageError(`--from ${text} is no servo id.`, '--from 1')
  return Number(text)
}

function stepsOf(lines: readonly RobotLine[], joint: string | undefined): Step[] {
  const steps = lines.flatMap((line) => line.chain.map((servo) => ({ line, servo })))
  if (joint === undefined) return steps
  const meant = steps.filter(({ servo }) => servo.joint === joint)
  if (meant.length > 0) return meant
  throw UsageError.unknown(
    'joint with a servo',
    joint,
    steps.map(({ servo }) => servo.joint),
  )
}

/** The scripted form: one servo, whose id is known. */
async function single(output: Output, steps: readonly Step[], from: number, look: Look): Promise<number> {
  const [step] = steps
  if (!step) return exitCodes.usage
  const found = await find(output, step, look)
  if (!found) throw new UsageError(`No servo answers on ${step.line.path}.`, `tendon scan --port ${step.line.path}`)
  if (found.id !== from)
    throw new UsageError(
      `The servo on ${step.line.path} has the id ${found.id}, not ${from}.`,
      `If it is the one: --from ${found.id}`,
    )
  await setUp(output, step, found, look)
  return exitCodes.done
}

/** Joint by joint, until each has its servo. Whatever goes wrong with one is told, and it is asked for again. */
async function walk(output: Output, steps: readonly Step[], look: Look): Promise<number> {
  const person = new Person(look.leaving)
  let skipped = 0
  try {
    output.say(
      'One servo on the line at a time: its plug in, all others out. Nothing moves; ids are kept in the servos.',
    )
    for (const [at, step] of steps.entries())
      if (!(await untilDone(output, person, step, `${at + 1}/${steps.length}`, look, steps))) skipped++
    output.show(
      { type: 'finished', set: steps.length - skipped, skipped },
      skipped === 0
        ? 'all servos are set up; connect them all, then: tendon scan <robot>'
        : `${skipped} skipped; run it again for those: what is set up already is only looked at`,
    )
    return skipped === 0 ? exitCodes.done : exitCodes.failed
  } finally {
    person.close()
  }
}

/** Gives whether the joint has its servo; false: the person went on without it. */
async function untilDone(
  output: Output,
  person: Person,
  step: Step,
  count: string,
  look: Look,
  steps: readonly Step[],
): Promise<boolean> {
  const { joint, id } = step.servo
  for (;;) {
    const answer = await person.line(`[${count}] connect only the servo of ${joint} (id ${id}), press Enter (s skips) `)
    if (answer === undefined || /^\s*s/i.test(answer)) return false
    try {
      const found = await find(output, step, look)
      if (!found) output.say(`  no servo answers on ${step.line.path}: is its plug in, and the motor supply on?`)
      else if (await isMeant(person, step, found, steps)) {
        await setUp(output, step, found, look)
        return true
      }
    } catch (error) {
      if (look.leaving.aborted) throw error
      report(error, output.json)
    }
  }
}

/** A servo that has the id of another joint may have been set up already, and be the wrong one. */
async function isMeant(
  person: Person,
  { servo, line }: Step,
  found: Finding,
  steps: readonly Step[],
): Promise<boolean> {
  const owner = steps.find((other) => other.line === line && other.servo.id === found.id)?.servo
  // 1 is what every servo comes with.
  if (!owner || owner.joint === servo.joint || found.id === 1) return true
  return person.agrees(
    `  this servo has the id ${found.id}, that of ${owner.joint}. Make it ${servo.id} (${servo.joint})?`,
  )
}

async function find(output: Output, { line }: Step, look: Look): Promise<Finding | undefined> {
  const progress = await progressFor(output, 'who is there')
  try {
    return await theOnlyServo(line.spec, {
      ...look,
      path: line.path,
      onProgress: (fraction) => progress.update({ fraction }),
    })
  } finally {
    progress.end()
  }
}

async function setUp(output: Output, { line, servo }: Step, found: Finding, { wait }: Look): Promise<void> {
  const { path, baudRate } = line
  const changed = await numberServo(line.spec, found, { path, id: servo.id, baudRate, wait })
  const before = `was ${found.id} at ${found.baudRate} baud`
  output.show(
    {
      type: 'set_up',
      joint: servo.joint,
      id: servo.id,
      baudRate,
      from: found.id,
      fromBaudRate: found.baudRate,
      changed,
    },
    `  ${output.colors.green('✓')} ${servo.joint}: id ${servo.id}, ${baudRate} baud (${changed ? before : 'nothing to change'})`,
  )
}
