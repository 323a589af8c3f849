import type { Seconds } from '../base/units.ts'
import type { DeviceEnv, Unsubscribe } from '../device/transport.ts'

/**
 * The last will of one bus: the frames that stop it, made while there is somebody to make them. Who writes them needs to
 * know no servo.
 */
export interface Will {
  /** The frame of a stop: what is cut loses its power, the rest is frozen where it was last read. */
  readonly halt: Uint8Array
  /** Takes the power of what was only frozen and is not to hold. Absent: the first frame has done everything. */
  readonly off: Uint8Array | undefined
  /** How long after `halt` that is. */
  readonly offAfter: Seconds
  /** How often each frame is written: it may collide with what is still on the line. */
  readonly repeat: number
  /** Silence between two copies. */
  readonly gap: Seconds
}

/** One open line with the name that people know it by. */
export interface GuardedLine {
  readonly robot: string
  readonly bus: string
  /** `/dev/ttyACM0`. */
  readonly port: string
  /** Open as long as the guard stands. */
  readonly descriptor: number
}

/**
 * One guard of one open line, in a process of its own. It does nothing until the first beat; from then on it carries the
 * will out when a beat is missing or the program ends, until it is eased or stands down.
 */
export interface Guard {
  /** Resolves when it is there; rejects with what keeps it from coming, within a bound. */
  readonly ready: Promise<void>
  /**
   * Says that the program is alive, and what counts from now on: without another beat within `limit` the will is
   * carried out. Never waits. False: it took nothing, for it has not answered for a while; it is ended then.
   */
  beat(will: Will, limit: Seconds): boolean
  /** The will counts should the program end; nothing is timed any more. */
  keep(will: Will): void
  /** Nothing is pending: should the program end now, nothing is written. */
  ease(): void
  /** Asks whether it is awake; only while nothing is pending, for it eases the guard. Always resolves, within a bound. */
  answers(): Promise<boolean>
  /** Ends it, and nothing is written. Resolves when it has let go of the line, within a bound. */
  standDown(): Promise<void>
  /** Calls `listener` once when it has ended without having been told to, until the returned function is called. */
  onLost(listener: (reason: string) => void): Unsubscribe
}

/** Where guards come from. The default of `start` is `processGuard()`. */
export interface GuardPort {
  /** Posts a guard over a line that has just been opened. Never throws: what goes wrong is in `ready`. */
  post(line: GuardedLine, env: DeviceEnv): Guard
  /** What guards of this robot have done since it was last asked; asking forgets it. Never throws. */
  takeRecords(robot: string): readonly GuardRecord[]
}

/** One frame of a will, as it was written. */
export interface WillDeed {
  readonly frame: 'halt' | 'off'
  /** In hexadecimal digits. */
  readonly bytes: string
  /** Copies that the port took whole. */
  readonly copies: number
  /** Why it took no more. */
  readonly trouble?: string
}

/** What one guard did, as it left it for the next start of the robot. */
export interface GuardRecord {
  readonly robot: string
  readonly bus: string
  readonly port: string
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  /** `stalled`: the beats stopped while the program was there; `ended`: the program was gone. */
  readonly why: 'stalled' | 'ended'
  /** The program's process. */
  readonly pid: number
  /** Whether that process was there no more when the frames were written, and so cannot write again. */
  readonly gone: boolean
  readonly wrote: readonly WillDeed[]
}
