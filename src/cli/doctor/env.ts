import type { RobotDefinition } from 'tendon'
import type { Machine, ProgramCall } from '../machine.ts'
import { asRoot, commandText } from '../machine.ts'

/** Room on the file system of a path, in bytes. */
export interface Room {
  readonly free: number
  readonly size: number
}

/** Everything that a check may look at. In tests each part is made up; nothing else of the machine is seen. */
export interface DoctorEnv {
  readonly machine: Machine
  /** `20.19.0`, `arm64`, `linux`. */
  readonly node: { readonly version: string; readonly arch: string; readonly platform: string }
  /** Who asks, and the groups of this login session. */
  readonly user: { readonly name: string; readonly uid: number; readonly groups: readonly number[] }
  /** The robot that was named. */
  readonly robot: RobotDefinition | undefined
  /** Where sockets and parameters are kept. */
  readonly folders: { readonly runtime: string; readonly state: string }
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** The processes of robots that run here: they may hold their ports. */
  owners(): readonly number[]
  /** Loads a package; rejects when that fails. */
  load(name: string): Promise<unknown>
  /** Room on the file system that holds a path; undefined where it cannot be asked. */
  room(path: string): Room | undefined
  /** Starts the guard's process, hears it answer and lets it go: why that did not work, or undefined. */
  guard(): Promise<string | undefined>
}

/** A repair and the line that says it: what runs as root says `sudo`. */
export function rootRepair({ user }: DoctorEnv, call: ProgramCall): { fix: string; repair: ProgramCall } {
  const repair = asRoot(call, user.uid)
  return { fix: commandText(repair), repair }
}
