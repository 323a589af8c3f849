import type { RunsView, StatusView } from '../control/protocol.ts'

/** How the monitor stands with the robot that it shows. */
export type Contact =
  | { readonly state: 'live' }
  /** Its program does not answer, or is gone; what is shown is from before. */
  | {
      readonly state: 'lost'
      readonly what: string
      readonly fix: string
      readonly mayHavePower: boolean
      readonly since: number
    }

/** What came of pressing the stop key. */
export interface StopNote {
  readonly text: string
  readonly confirmed: boolean
}

/** Everything that the monitor shows. */
export interface MonitorModel {
  readonly robot: string
  readonly contact: Contact
  readonly status: StatusView | undefined
  readonly runs: RunsView | undefined
  /** Newest last. */
  readonly events: readonly string[]
  readonly stop: StopNote | undefined
  /** Milliseconds, of the same clock as `since`. */
  readonly now: number
}
