import type { ConflictPolicy } from '../../src/index.ts'

/** A category as both sides know it: the robot's definition is made of these rows, and the reference reads them. */
export interface PoolRule {
  readonly limit: number
  readonly conflict: ConflictPolicy
  readonly queueLength?: number
  readonly queueTimeout?: number
}

/** A command as both sides know it. */
export interface CommandRule {
  readonly category: string
  readonly claims: readonly string[]
  readonly allowed: readonly string[]
  readonly priority: number
  readonly deadline: number
  readonly grace: number
  readonly cancels?: readonly string[] | '*'
  readonly during?: 'playback' | 'recording'
  readonly onSafety?: 'continue'
  readonly onCrash?: 'disarm'
  /** Commands that its body may run as children. */
  readonly uses?: readonly string[]
  readonly generator?: boolean
}

export const JOINTS = ['pan', 'lift', 'grip'] as const
export const MAX_ABANDONED = 2

export const pools: Readonly<Record<string, PoolRule>> = {
  solo: { limit: 1, conflict: 'reject' },
  pair: { limit: 2, conflict: 'queue', queueLength: 2, queueTimeout: 0.4 },
  motion: { limit: 1, conflict: 'preempt' },
  crew: { limit: 2, conflict: 'preempt' },
  script: { limit: 10_000, conflict: 'reject' },
  halt: { limit: 1, conflict: 'preempt' },
}

const row = (category: string, claims: readonly string[], more: Partial<CommandRule> = {}): CommandRule => ({
  category,
  claims,
  allowed: ['idle'],
  priority: 0,
  deadline: 3,
  grace: 0.2,
  ...more,
})

export const rules: Readonly<Record<string, CommandRule>> = {
  look: row('solo', []),
  sense: row('pair', [], { allowed: ['idle', 'recording'] }),
  urgentSense: row('pair', [], { priority: 5 }),
  fetch: row('pair', ['table', 'lift']),
  turn: row('motion', ['pan'], { allowed: ['idle', 'recording', 'playback'] }),
  raise: row('crew', ['lift']),
  sweep: row('crew', ['pan', 'lift'], { priority: 1, deadline: 1 }),
  guard: row('crew', ['table'], { priority: 3 }),
  lay: row('solo', ['table']),
  play: row('solo', [], { during: 'playback', allowed: ['idle', 'recording'] }),
  rehearse: row('crew', [], { during: 'recording', allowed: ['idle', 'recording', 'playback'] }),
  toggle: row('motion', [], { allowed: ['idle', 'recording'] }),
  takeover: row('motion', [], { cancels: ['solo', 'pair'] }),
  clearAll: row('solo', [], { cancels: '*', priority: 2, allowed: ['idle', 'recording', 'playback'] }),
  watch: row('crew', [], { onSafety: 'continue', allowed: ['idle', 'disarmed'], deadline: 4 }),
  fragile: row('solo', [], { onCrash: 'disarm' }),
  tour: row('pair', [], { generator: true, grace: 0 }),
  stack: row('crew', ['pan', 'lift'], { uses: ['turn', 'raise', 'look', 'sense'] }),
  probe: row('solo', [...JOINTS, 'table'], { allowed: ['idle', 'recording', 'playback'] }),
  plan: row('script', [], {
    uses: ['turn', 'raise', 'sense', 'toggle', 'stack', 'clearAll'],
    deadline: Number.POSITIVE_INFINITY,
    grace: 0.5,
    allowed: ['disarmed', 'idle', 'recording', 'playback'],
  }),
  halt: row('halt', JOINTS, { priority: 1000, allowed: ['idle', 'recording', 'playback'], deadline: 30, grace: 0.5 }),
}
