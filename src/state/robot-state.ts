import { type Actor, createActor } from 'xstate'
import type { SafetyState } from '../log/events.ts'
import { type Latch, type StateEvent, stateMachine } from './machine.ts'

/** What the safety side of a robot looks like from outside. */
export interface Safety {
  readonly state: SafetyState
  /** Present from `stop` until `reset`. */
  readonly latch?: Latch
}

/**
 * The robot's state: the XState machine behind two plain fields, because every admission reads them. Only real
 * changes are sent to the machine.
 */
export class RobotState {
  readonly states: ReadonlySet<string>
  readonly #actor: Actor<ReturnType<typeof stateMachine>>
  #stopped = false
  /** `disarmed`, `idle` or a declared state. */
  operational = 'disarmed'
  safety: SafetyState = 'disarmed'
  latch: Latch | undefined

  constructor(initial: string, declared: readonly string[]) {
    const states = ['idle', ...declared]
    this.states = new Set(states)
    this.#actor = createActor(stateMachine(initial, states))
    // An XState actor whose error nobody observes ends the process; this machine has no user code that could throw.
    this.#actor.subscribe({ error() {} })
    this.#actor.start()
  }

  /** Sends a change to the machine and reads back what became of it. False when it changed nothing. */
  send(event: StateEvent): boolean {
    // A robot that was closed keeps the state in which it was.
    if (this.#stopped) return false
    const before = `${this.safety} ${this.operational}`
    this.#actor.send(event)
    const { value, context } = this.#actor.getSnapshot()
    const nested = typeof value === 'string' ? undefined : Object.entries(value as Record<string, string>)[0]
    this.safety = (nested ? nested[0] : value) as SafetyState
    this.operational = nested ? (nested[1] as string) : 'disarmed'
    this.latch = context.latch
    return `${this.safety} ${this.operational}` !== before
  }

  get snapshot(): Safety {
    return this.latch ? { state: this.safety, latch: this.latch } : { state: this.safety }
  }

  /** Whether an operational transition to `target` is possible now. */
  canGo(target: string): boolean {
    return this.safety === 'armed' && this.states.has(target)
  }

  stop(): void {
    this.#stopped = true
    this.#actor.stop()
  }
}
