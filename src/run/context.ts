import { TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import { type AnySchema, validate } from '../base/schema.ts'
import type { Storage } from '../base/storage.ts'
import type { Seconds } from '../base/units.ts'
import type { Command } from '../define/command.ts'
import { type Inbox, type JointGoal, type JointsAccess, Next } from '../define/context.ts'
import type { Handle } from '../define/handle.ts'
import { opsOf } from './command-op.ts'
import { Feedback } from './feedback.ts'
import type { RunHost } from './host.ts'
import { RunInbox } from './inbox.ts'
import { afterEnd } from './operations.ts'
import type { Run } from './run.ts'
import { Scope } from './scope.ts'
import { scopedSensors } from './scoped-sensor.ts'
import { scopedStorage } from './scoped-storage.ts'

/** Awaits of one run before the event loop gets a turn: a loop of ready promises must not stop the world. */
const BURST = 128

const ignore = (): void => {}

/**
 * What a body sees of its run and its robot. Functions are getters, so that they can be taken by destructuring and cost
 * nothing when they are not. Each checks first that the run may still touch anything.
 */
export class BodyContext {
  readonly #run: Run
  readonly #host: RunHost
  #awaits = 0

  constructor(run: Run, host: RunHost) {
    this.#run = run
    this.#host = host
  }

  get runId(): string {
    return this.#run.id
  }
  get command(): string {
    return this.#run.record.command
  }
  get goal(): unknown {
    return this.#run.goal
  }
  get state(): string {
    return this.#host.operational
  }
  get interrupted(): boolean {
    return this.#run.status === 'stopping' || this.#run.ended
  }
  get signal(): AbortSignal {
    return this.#scope().signal
  }
  get now(): () => Seconds {
    return () => this.#host.clock.now()
  }
  get wall(): () => number {
    return () => this.#host.clock.wall()
  }

  get storage(): Storage {
    return scopedStorage(this.#host.storage, {
      check: (call) => this.#check(call),
      underWay: (work) => this.#underWay(work),
    })
  }

  get joints(): JointsAccess<string> {
    const run = this.#run
    const host = this.#host
    const guarded = (call: string): void => {
      this.#check(call)
      if (run.motionForbidden) throw new TendonError(problem('TENDON_MOTION_IN_CLEANUP', { run: run.id }))
    }
    return {
      moveTo: (goal: JointGoal<string>, options = {}) =>
        this.#underWay(async () => {
          guarded('joints.moveTo')
          return host.grant(run).moveTo(goal, options, this.#scope().signal)
        }),
      setpoint: (joint, position, ttl) => {
        guarded('joints.setpoint')
        host.grant(run).setpoint(joint, position, ttl)
      },
      drive: (speeds, { ttl } = {}) => {
        guarded('joints.drive')
        host.grant(run).drive(speeds, ttl)
      },
      halt: () =>
        this.#underWay(async () => {
          this.#check('joints.halt')
          return host.halt(run)
        }),
      release: (...joints) =>
        this.#underWay(async () => {
          guarded('joints.release')
          await host.grant(run).release(joints)
        }),
      engage: (...joints) =>
        this.#underWay(async () => {
          guarded('joints.engage')
          await host.grant(run).engage(joints)
        }),
      read: (joint) => host.joint(joint),
    }
  }

  get sensors(): unknown {
    return scopedSensors(this.#host.sensors, {
      check: (call) => this.#check(call),
      own: (dispose) => this.#scope().own(dispose),
      signal: () => this.#scope().signal,
      underWay: (work) => this.#underWay(work),
      threw: (error) => this.#host.threw('sensor subscription', this.#run, error),
    })
  }

  get params(): unknown {
    return this.#host.params
  }

  get robot(): unknown {
    const { uses } = this.#run.record
    const start = (name: string, command: Command, goal: unknown): Handle => {
      this.#check(name)
      return this.#host.startChild(this.#run, name, command, goal)
    }
    return opsOf(uses, start, (work) => this.#underWay(work))
  }

  get feedback(): (value: unknown) => void {
    const run = this.#run
    return (value) => {
      if (this.#late('feedback')) return
      const checked = conform(run, run.record.data.feedback, value)
      run.feedback ??= new Feedback()
      run.feedback.push(checked)
    }
  }

  get partial(): (value: unknown) => void {
    const run = this.#run
    return (value) => {
      if (!this.#late('partial')) run.partial = { value: conform(run, run.record.data.partial, value) }
    }
  }

  get inbox(): Inbox<unknown> {
    const run = this.#run
    run.inbox ??= new RunInbox(this.#host.limits.inbox)
    return run.inbox
  }

  get next(): (state: string, value?: unknown) => Next {
    return (state, value) => new Next(state, value)
  }

  get transition(): (state: string) => void {
    return (state) => {
      this.#check('transition')
      this.#host.transition(this.#run, state)
    }
  }

  get sleep(): (duration: Seconds) => Promise<void> {
    return (duration) => {
      const asleep = this.#sleep(duration, () => {
        asleep.catch(ignore)
      })
      return asleep
    }
  }

  get onInterrupt(): (listener: () => void) => void {
    return (listener) => {
      this.#check('onInterrupt')
      this.#scope().onInterrupt(listener)
    }
  }

  get subscribe(): (topic: string, listener: (value: unknown) => void) => void {
    return (topic, listener) => {
      this.#check('subscribe')
      this.#scope().own(this.#host.topics.on(topic, guarded(this.#host, this.#run, listener)))
    }
  }

  get publish(): (topic: string, value: unknown) => void {
    return (topic, value) => {
      if (!this.#late('publish')) this.#host.topics.publish(topic, value)
    }
  }

  get fail(): (reason: string, facts?: Readonly<Record<string, unknown>>) => TendonError {
    const { command } = this.#run.record
    return (reason, facts = {}) => new TendonError(problem('TENDON_RUN_FAILED', { ...facts, command, reason }))
  }

  /** `onInterrupt` is called before the rejection: nobody may be waiting for it any more. */
  async #sleep(duration: Seconds, onInterrupt: () => void): Promise<void> {
    this.#check('sleep')
    const scope = this.#scope()
    const breath = this.#breathe()
    if (breath) {
      await breath
      if (scope.ended) throw scope.reason
      this.#check('sleep')
    }
    // A sleep that nothing else watches needs no AbortSignal, which costs more than the sleep.
    await new Promise<void>((resolve, reject) => {
      const timer = this.#host.clock.after(duration, () => {
        disown()
        resolve()
      })
      const disown = scope.own(() => {
        timer.cancel()
        // A body that is over waits for nothing: to reject would only make an unhandled rejection.
        if (!scope.ended) return
        onInterrupt()
        reject(scope.reason)
      })
    })
  }

  /** Now and then, what an await must wait for first so that the event loop turns. */
  #breathe(): Promise<void> | undefined {
    if (++this.#awaits % BURST !== 0) return undefined
    return new Promise((resolve) => this.#host.turn(resolve))
  }

  /**
   * Work that a body may leave without awaiting it: when the run is told to end, or ends, its rejection is nobody's, and
   * not an unhandled one. A failure before that is the body's own.
   */
  #underWay<T>(work: () => Promise<T>): Promise<T> {
    let done = false
    let disown: (() => void) | undefined
    const outer = async (): Promise<T> => {
      try {
        const breath = this.#breathe()
        if (breath) await breath
        return await work()
      } finally {
        done = true
        disown?.()
      }
    }
    const promise = outer()
    if (!done && !this.#run.revoked)
      disown = this.#scope().own(() => {
        promise.catch(ignore)
      })
    return promise
  }

  #scope(): Scope {
    this.#run.scope ??= new Scope()
    return this.#run.scope
  }

  /** True for a run that is over; the call is counted. For calls whose throw would land in nobody's hands. */
  #late(call: string): boolean {
    if (!this.#run.revoked) return false
    this.#host.late(this.#run, call)
    return true
  }

  #check(call: string): void {
    if (this.#late(call)) throw afterEnd(this.#run, call)
  }
}

/**
 * A listener whose throw is a failure of its run. Made out here, because a closure keeps everything around it alive, and
 * there may be a hundred thousand of these.
 */
function guarded(host: RunHost, run: Run, listener: (value: unknown) => unknown): (value: unknown) => void {
  return (value) => {
    try {
      const returned = listener(value)
      if (returned instanceof Promise) returned.catch((error: unknown) => host.threw('subscription', run, error))
    } catch (error) {
      host.threw('subscription', run, error)
    }
  }
}

/** A value that a body hands out, as its schema has it. */
function conform(run: Run, schema: AnySchema | undefined, value: unknown): unknown {
  if (!schema) return value
  const result = validate(schema, value)
  if ('value' in result) return result.value
  const issues = 'issues' in result ? result.issues : [{ path: [], message: 'its schema is asynchronous' }]
  throw new TendonError(problem('TENDON_RESULT_INVALID', { command: run.record.command, issues }))
}
