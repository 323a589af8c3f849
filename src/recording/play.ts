import { badArgument } from '../base/argument.ts'
import { controlLoop } from '../base/control-loop.ts'
import { TendonError } from '../base/problem.ts'
import type { Storage } from '../base/storage.ts'
import type { Radians, Seconds } from '../base/units.ts'
import type { JointReading, MoveOptions, MoveResult } from '../motion/contract.ts'
import type { RecordedRobot } from './joint-recording.ts'
import { prepare } from './prepare.ts'
import { MOST_SPEED, type TimedMotion } from './retime.ts'
import { recordings } from './shelf.ts'
import { type TrackingError, TrackingErrors } from './tracking.ts'

/** What is told while a recording is played. */
export interface PlayProgress {
  /** Share of all that is to be played, 0 to 1; 1 is said on measured arrival. */
  readonly fraction: number
  /** How much longer it takes than recorded and asked for, because a joint could not follow; 1: no longer. */
  readonly stretch: number
}

/** The context of a command's body, as far as playback needs it: pass `ctx` as it is. */
export interface PlayContext {
  readonly joints: {
    moveTo(goal: Readonly<Record<string, Radians>>, options?: MoveOptions): Promise<MoveResult>
    setpoint(joint: string, position: Radians, ttl?: Seconds): void
    read(joint: string): JointReading
  }
  readonly storage: Storage
  /** Limits may come from parameters. */
  readonly params: object
  now(): Seconds
  sleep(duration: Seconds): Promise<void>
  feedback(value: PlayProgress): void
}

export interface PlayOptions {
  /** The model, as `defineRobot` made it. */
  readonly robot: RecordedRobot
  /** Under which it was saved. */
  readonly name: string
  /** Times the pace of the recording, above 0, at most 10; slower where a joint cannot follow. Default 1. */
  readonly speed?: number | undefined
  /** How often it is played, each time from a slow move to its first pose. Default 1, at most 1000. */
  readonly loops?: number | undefined
  /** Share of each joint's velocity limit at which the first pose is approached. Default 0.25. */
  readonly approach?: number | undefined
  /** Setpoints per second. Default 50, that of the control loop of a robot. */
  readonly rate?: number | undefined
}

/** What a playback came to. */
export interface Played {
  readonly name: string
  /** Of one time through, as it was planned. */
  readonly duration: Seconds
  readonly stretch: number
  readonly loops: number
  /** Ticks that the host missed; the playback took that much longer. */
  readonly skipped: number
  /** By how much readings past a joint's limit, within its tolerance, were brought to the limit; joints without are not in it. */
  readonly adjusted: Readonly<Record<string, Radians>>
  /** How far each joint was from where the recording has it at the time of the reading: the lag of bus and servo included. */
  readonly error: Readonly<Record<string, TrackingError>>
}

const MOST_LOOPS = 1000
/** Seconds that a setpoint lives: after that much silence of the host the joints brake by themselves. */
const TIME_TO_LIVE: Seconds = 0.1
/** A setpoint too soon after a late one waits for the next tick; so many in a row are more than jitter. */
const MOST_HELD = 5

/**
 * Plays a recording of this robot: checks it against the joints, moves slowly to its first pose, then streams it as
 * setpoints with a time to live, within the velocity and acceleration of each joint; it ends when the last pose has been
 * measured. Where the recording is too fast, time is stretched and the stretch told; no position is clipped without being
 * reported. For the body of a command with `during: 'playback'` and claims on the joints.
 *
 * Rejects with `TENDON_RECORDING_...` for what cannot be played, before anything moves, and with what the joints reject with.
 */
export async function playJoints(ctx: PlayContext, options: PlayOptions): Promise<Played> {
  const { robot, name, speed = 1, loops = 1, approach = 0.25, rate = 50 } = options
  checkOptions(speed, loops)
  const recording = await recordings(ctx.storage, robot).load(name)
  const { motion, adjusted } = prepare(recording, robot, speed, ctx.params)
  const errors = new TrackingErrors(motion)
  const { joints, duration, stretch } = motion
  let skipped = 0
  for (let loop = 0; loop < loops; loop++) {
    const tell = (done: number): void => ctx.feedback({ fraction: (loop + done) / loops, stretch })
    tell(0)
    await ctx.joints.moveTo(pose(joints, motion.at(0)), { speed: approach })
    skipped += await stream(ctx, motion, errors, rate, (t) => tell(Math.min(t / duration, 0.999)))
    await ctx.joints.moveTo(pose(joints, motion.at(duration)))
    tell(1)
  }
  return { name, duration, stretch, loops, skipped, adjusted, error: errors.summary() }
}

function checkOptions(speed: number, loops: number): void {
  if (!(speed > 0 && speed <= MOST_SPEED))
    throw badArgument('playJoints()', 'speed', speed, `a factor above 0, at most ${MOST_SPEED}`)
  if (!Number.isInteger(loops) || loops < 1 || loops > MOST_LOOPS)
    throw badArgument('playJoints()', 'loops', loops, `a whole number from 1 to ${MOST_LOOPS}`)
}

/**
 * One setpoint for each joint and tick. Each tick is one period further on the way, whenever it came: after a stall the
 * playback goes on where it was, instead of jumping to where it should be. Resolves to the ticks that were missed.
 */
async function stream(
  ctx: PlayContext,
  motion: TimedMotion,
  errors: TrackingErrors,
  rate: number,
  tell: (t: Seconds) => void,
): Promise<number> {
  let t = 0
  let held = 0
  const time = { now: () => ctx.now(), sleep: (duration: Seconds) => ctx.sleep(duration) }
  const { skipped } = await controlLoop({ ...time, rate }, ({ now }) => {
    errors.look((joint) => ctx.joints.read(joint), now, t)
    const next = Math.min(t + 1 / rate, motion.duration)
    if (send(ctx, motion, next)) {
      t = next
      held = 0
    } else if (++held > MOST_HELD) sendOrThrow(ctx, motion, next)
    tell(t)
    return t < motion.duration
  })
  return skipped
}

/** False where a joint may not go there yet: the setpoint before was late, and this one is too soon after it. */
function send(ctx: PlayContext, motion: TimedMotion, t: Seconds): boolean {
  try {
    sendOrThrow(ctx, motion, t)
    return true
  } catch (error) {
    if (error instanceof TendonError && error.code === 'TENDON_SETPOINT_JUMP') return false
    throw error
  }
}

function sendOrThrow({ joints }: PlayContext, motion: TimedMotion, t: Seconds): void {
  for (const [j, position] of motion.at(t).entries()) joints.setpoint(motion.joints[j] ?? '', position, TIME_TO_LIVE)
}

const pose = (joints: readonly string[], positions: readonly Radians[]): Record<string, Radians> =>
  Object.fromEntries(joints.map((joint, j) => [joint, positions[j] ?? 0]))
