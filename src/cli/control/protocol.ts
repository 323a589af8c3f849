import type { BusReport, CancelReason, JointReading, Outcome, Problem, Safety, StopPolicy, StopVerdict } from 'tendon'
import { TendonError } from 'tendon/device'
import { controlProblem } from './problems.ts'

/**
 * The control protocol: JSON objects, one a line, over a Unix socket. A request has an `id` of the caller's choosing and
 * a `verb`; answers carry the same id: any number of `event`s, then one `result` or one `problem`. Requests do not wait
 * for each other.
 */
export interface Request {
  readonly id: number
  readonly verb: string
  readonly [field: string]: unknown
}

export interface Answer {
  /** 0 where the request's own could not be read. */
  readonly id: number
  readonly event?: unknown
  readonly result?: unknown
  readonly problem?: Problem
}

/** Every bound of the control socket. */
export const controlLimits = {
  /** Characters of one request. */
  requestLength: 64 * 1024,
  /** Characters of one answer; a longer one becomes a problem. */
  answerLength: 1024 * 1024,
  /** Callers at a time; when there are more, the one that came first among those that ask for nothing is let go. */
  clients: 32,
  /** Open requests of one caller; stop and disarm pass it. */
  requests: 32,
  /** Bytes that wait for a caller who does not read; then it is let go. */
  backlog: 4 * 1024 * 1024,
} as const

/** How long a running robot may take to answer anything, in milliseconds. */
export const PATIENCE = 1500

// ── what the verbs answer ──────────────────────────────────────────────────────────────────────────────────────────

export interface Hello {
  readonly robot: string
  readonly pid: number
  readonly simulated: boolean
  readonly safety: Safety['state']
}

/** One field of a goal, as a form or a person needs it. */
export interface FieldView {
  /** With dots for what is inside of another: `pose.x`. */
  readonly name: string
  /** `number`, `integer`, `string`, `boolean`, `'a' | 'b'`, `array`; `?` where the schema does not say. */
  readonly type: string
  readonly unit?: string
  readonly min?: number
  readonly max?: number
  readonly default?: unknown
  readonly required: boolean
  readonly doc?: string
}

export interface CommandView {
  readonly name: string
  readonly doc: string | undefined
  readonly category: string
  readonly allowed: readonly string[]
  /** Absent: it takes no goal. */
  readonly goal?: {
    /** Undefined where the schema cannot be asked. */
    readonly fields: readonly FieldView[] | undefined
    /** Whether it takes fields that are not listed. */
    readonly open: boolean
  }
}

export interface ListView {
  readonly robot: string
  readonly doc: string | undefined
  readonly commands: readonly CommandView[]
}

export interface JointView {
  readonly joint: string
  readonly reading: JointReading
  /** Seconds since it was read. */
  readonly age: number | undefined
  /** Absent for a joint that turns at speeds. */
  readonly limits: readonly [number, number] | undefined
  /** Its positions are metres; otherwise they are radians. */
  readonly slides: boolean
  readonly policy: StopPolicy | undefined
}

export interface SensorView {
  readonly sensor: string
  readonly kind: string
  readonly health: string
  readonly status: 'unknown' | 'fresh' | 'stale'
  readonly age: number | undefined
  readonly value: unknown
  readonly readings: number
  readonly bad: number
}

export interface StatusView extends Hello {
  readonly state: string
  readonly latch: { readonly by: string; readonly reason: string } | undefined
  readonly joints: readonly JointView[]
  readonly sensors: readonly SensorView[]
  readonly buses: Readonly<Record<string, BusReport>>
  readonly replies: readonly RepliesView[]
  readonly runs: number
}

/** How one servo answers. */
export interface RepliesView {
  readonly bus: string
  readonly servo: number
  readonly joint: string
  readonly asked: number
  readonly late: number
  readonly lost: number
  /** Lost in a row up to now. */
  readonly streak: number
  /** Seconds since its last reply; undefined before the first. */
  readonly quiet: number | undefined
}

export interface LiveRun {
  readonly run: string
  readonly command: string
  readonly status: string
  readonly category: string
  readonly claims: readonly string[]
  readonly goal: unknown
  readonly parent: string | undefined
}

export interface EndedRun {
  readonly run: string
  readonly command: string
  readonly status: string
  readonly reason: CancelReason | undefined
  readonly problem: Problem | undefined
  /** Seconds ago. */
  readonly ago: number
}

export interface RunsView {
  readonly live: readonly LiveRun[]
  /** Newest last. */
  readonly ended: readonly EndedRun[]
}

export type ExecEvent =
  | { readonly type: 'armed' }
  | { readonly type: 'started'; readonly run: string }
  | { readonly type: 'feedback'; readonly feedback: unknown }

export type ExecResult =
  | { readonly run: string; readonly outcome: Outcome }
  | { readonly run: string; readonly detached: true }
  | { readonly notArmed: readonly Problem[] }

export interface VerdictResult {
  readonly verdict: StopVerdict
}

export type ArmResult = { readonly armed: true } | { readonly armed: false; readonly problems: readonly Problem[] }

// ── reading requests ───────────────────────────────────────────────────────────────────────────────────────────────

const bad = (reason: string): TendonError => new TendonError(controlProblem('TENDON_CONTROL_BAD_REQUEST', { reason }))

/** One line as a request. Throws `TENDON_CONTROL_BAD_REQUEST`. */
export function readRequest(line: string): Request {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw bad('it is no JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('it is no object')
  const { id, verb } = value as Record<string, unknown>
  if (!Number.isSafeInteger(id) || (id as number) < 1) throw bad('its id is no whole number above 0')
  if (typeof verb !== 'string') throw bad('it has no verb')
  return value as Request
}

/** A field that must be a text. Throws `TENDON_CONTROL_BAD_REQUEST`. */
export function textIn(request: Request, field: string): string {
  const value = request[field]
  if (typeof value !== 'string') throw bad(`${request.verb} needs the text ${field}`)
  return value
}

/** A field that may be a text. */
export function optionalText(request: Request, field: string): string | undefined {
  return request[field] === undefined ? undefined : textIn(request, field)
}

/** A field that is true, or is not. */
export const flagIn = (request: Request, field: string): boolean => request[field] === true
