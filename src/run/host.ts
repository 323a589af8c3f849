import type { Clock, Timer } from '../base/clock.ts'
import type { Outcome } from '../base/outcome.ts'
import type { Storage } from '../base/storage.ts'
import type { Command } from '../define/command.ts'
import type { Handle } from '../define/handle.ts'
import type { Limits } from '../define/limits.ts'
import type { ParameterValue } from '../define/parameter.ts'
import type { SensorReader } from '../define/sensor-reader.ts'
import type { EventLog } from '../log/event-log.ts'
import type { JointGrant, JointReading } from '../motion/contract.ts'
import type { Hub } from '../stream/hub.ts'
import type { OpTable } from './op-table.ts'
import type { Run } from './run.ts'

/** All that a run can reach of the robot. `runtime/dispatch.ts` is it. */
export interface RunHost {
  readonly clock: Clock
  readonly log: EventLog
  readonly limits: Limits
  /** The robot's own event space: `publish` and `subscribe` of bodies. */
  readonly topics: Hub<unknown>
  readonly table: OpTable
  readonly operational: string
  readonly storage: Storage
  readonly sensors: Readonly<Record<string, SensorReader<unknown>>>
  /** The values in force, each read when it is asked for. */
  readonly params: Readonly<Record<string, ParameterValue>>
  transition(run: Run, target: string): void
  grant(run: Run): JointGrant
  halt(run: Run): Promise<boolean>
  joint(name: string): JointReading
  startChild(parent: Run, name: string, command: Command, goal: unknown): Handle
  cancel(run: Run): Promise<Outcome>
  find(id: string): Run | undefined
  send(run: Run, message: unknown): boolean
  /** A call that came too late: refused, counted, told. */
  late(run: Run, call: string): void
  threw(where: string, run: Run, error: unknown): void
  turn(fn: () => void): Timer
}
