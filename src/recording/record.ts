import { badArgument } from '../base/argument.ts'
import { controlLoop } from '../base/control-loop.ts'
import { TendonError } from '../base/problem.ts'
import type { Storage } from '../base/storage.ts'
import type { Seconds } from '../base/units.ts'
import type { JointReading } from '../motion/contract.ts'
import { holdAgain } from './hold-again.ts'
import { drivenJoints, type JointRecording, RECORDING_LIMITS, type RecordedRobot } from './joint-recording.ts'
import { recordingProblem } from './problems.ts'
import { checkRecordingName, recordings } from './shelf.ts'
import { Tape } from './tape.ts'

/** What is told while a recording runs. */
export interface RecordProgress {
  /** Since the joints were let go. */
  readonly seconds: Seconds
  readonly samples: number
  /** Ticks without a new, fresh reading of every joint. */
  readonly missed: number
}

/** The context of a command's body, as far as recording needs it: pass `ctx` as it is. */
export interface RecordContext<J extends string> {
  readonly joints: {
    release(...joints: J[]): Promise<void>
    engage(...joints: J[]): Promise<void>
    read(joint: J): JointReading
  }
  readonly inbox: { take(): unknown }
  readonly storage: Storage
  now(): Seconds
  wall(): number
  sleep(duration: Seconds): Promise<void>
  feedback(value: RecordProgress): void
  partial(value: JointRecording): void
}

export interface RecordOptions<J extends string> {
  /** The model, as `defineRobot` made it. */
  readonly robot: RecordedRobot
  /** What it is saved under: 1 to 64 letters, digits, `_` and `-`. One of the same name is replaced. */
  readonly name: string
  /** Which joints are let go and recorded. Default: all whose servo goes to positions. The command must claim them. */
  readonly joints?: readonly J[]
  /** When it ends by itself. Default 60, at most 600. */
  readonly seconds?: Seconds
  /** Samples per second. Default 50, at most 100. More than the control rate of the robot gives no more. */
  readonly rate?: number
}

/** What a recording came to. */
export interface Recorded {
  readonly name: string
  readonly joints: readonly string[]
  readonly duration: Seconds
  readonly samples: number
  /** Ticks without a new, fresh reading of every joint: gaps in the recording. */
  readonly missed: number
  /** Why it ended: the message `done`, its time, or no room for more. */
  readonly ended: 'message' | 'time' | 'full'
  /** Joints that the hand turned past their limits: playback will refuse it. */
  readonly outside: readonly string[]
}

/**
 * Records joints that a hand guides: lets them go limp (verified), samples their measured positions until the message
 * `done` or the end of its time, powers them up again where they are (verified), and saves the recording. For the body of
 * a command with `during: 'recording'`, `message` that accepts `'done'`, claims on the joints, and a `grace` of 6 s, because
 * joints are powered up only once the hand holds them still, also after a cancel.
 *
 * What was recorded so far is the run's partial result on every other end. After a stop or disarm the joints stay as that
 * left them; after a cancel they hold again. Rejects with `TENDON_RECORDING_NAME`, `_EMPTY`, `_NOT_HELD`, and what the joints
 * or the storage reject with; nothing is saved then.
 */
export async function recordJoints<J extends string>(
  ctx: RecordContext<J>,
  options: RecordOptions<NoInfer<J>>,
): Promise<Recorded> {
  const { robot, name, joints, seconds, rate } = checked(options)
  const tape = new Tape(robot, joints, rate)
  const sampling = await outcomeOf(sample(ctx, tape, joints, seconds, rate))
  ctx.partial(tape.recording())
  await holdAgain(ctx, name, joints)
  if ('error' in sampling) throw sampling.error
  const { size: samples, missed, duration, outside } = tape
  if (samples < 2) throw new TendonError(recordingProblem('TENDON_RECORDING_EMPTY', { name, samples, missed }))
  await recordings(ctx.storage, robot).save(name, tape.recording())
  return { name, joints, duration, samples, missed, ended: sampling.value, outside }
}

/** Everything is checked before a joint is let go. */
function checked<J extends string>({ robot, name, joints, seconds = 60, rate = 50 }: RecordOptions<J>) {
  checkRecordingName(name)
  const most = RECORDING_LIMITS
  if (!(seconds > 0 && seconds <= most.seconds))
    throw badArgument('recordJoints()', 'seconds', seconds, `a number above 0, at most ${most.seconds}`)
  if (!(rate > 0 && rate <= most.rate))
    throw badArgument('recordJoints()', 'rate', rate, `a number of samples per second above 0, at most ${most.rate}`)
  const driven = [...drivenJoints(robot).keys()] as J[]
  const wanted = joints ? [...new Set(joints)] : driven
  if (wanted.length === 0 || wanted.length > most.joints || !wanted.every((joint) => driven.includes(joint)))
    throw badArgument('recordJoints()', 'joints', wanted, `1 to ${most.joints} joints whose servo goes to positions`)
  return { robot, name, seconds, rate, joints: wanted }
}

async function sample<J extends string>(
  ctx: RecordContext<J>,
  tape: Tape,
  joints: readonly J[],
  seconds: Seconds,
  rate: number,
): Promise<Recorded['ended']> {
  await ctx.joints.release(...joints)
  const start = ctx.now()
  let ended: Recorded['ended'] | undefined
  await controlLoop({ now: () => ctx.now(), sleep: (duration) => ctx.sleep(duration), rate }, ({ now }) => {
    const readings = joints.map((joint) => ctx.joints.read(joint))
    tape.take(readings, now, ctx.wall())
    ctx.feedback({ seconds: now - start, samples: tape.size, missed: tape.missed })
    ended = isDone(ctx) ? 'message' : tape.isFull ? 'full' : now - start >= seconds ? 'time' : undefined
    return ended === undefined
  })
  return ended ?? 'time'
}

/** Whether somebody said so; other messages are not for us. */
function isDone({ inbox }: { readonly inbox: { take(): unknown } }): boolean {
  for (let message = inbox.take(); message !== undefined; message = inbox.take()) if (message === 'done') return true
  return false
}

/** How it went, as a value: what follows must happen either way. */
async function outcomeOf<T>(work: Promise<T>): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await work }
  } catch (error) {
    return { error }
  }
}
