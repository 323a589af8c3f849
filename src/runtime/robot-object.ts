import type { Clock } from '../base/clock.ts'
import { nearNames, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Command } from '../define/command.ts'
import type { Handle } from '../define/handle.ts'
import type { Limits } from '../define/limits.ts'
import type { ModelTypes } from '../define/model-types.ts'
import type { RobotDefinition } from '../define/robot-definition.ts'
import type { Category } from '../gate/pool.ts'
import type { EventLog } from '../log/event-log.ts'
import { type JsonLines, jsonLines, type LineSink } from '../log/json-lines.ts'
import type { Hardware, JointReading, StopVerdict } from '../motion/contract.ts'
import { type CommandRecord, recordOf } from '../run/command-record.ts'
import type { Run } from '../run/run.ts'
import type { RobotState } from '../state/robot-state.ts'
import type { Hub } from '../stream/hub.ts'
import type { Sensor } from '../stream/sensor.ts'
import type { Dispatcher } from './dispatch.ts'
import { type Lifecycle, requireConfirmed } from './lifecycle.ts'
import type { Stoppable } from './process-handlers.ts'
import type { CancelTarget, CategoryView, RobotCore, RunInfo } from './robot.ts'
import type { Services } from './services.ts'

/** The parts of one robot, as `start` makes them. */
export interface RobotParts {
  readonly definition: RobotDefinition
  readonly clock: Clock
  readonly limits: Limits
  readonly log: EventLog
  readonly state: RobotState
  readonly hardware: Hardware
  readonly sensors: Readonly<Record<string, Sensor<unknown>>>
  readonly topics: Hub<unknown>
  readonly categories: ReadonlyMap<string, Category>
  readonly dispatcher: Dispatcher
  readonly lifecycle: Lifecycle
  readonly services: Services
  readonly commands: ReadonlyMap<string, CommandRecord>
}

/** Holds a robot together from `open` to `close`, and makes the object that users see. */
export class RobotObject {
  readonly #parts: RobotParts
  readonly #onClose: (() => void)[] = []
  /** Ends the waits of `whenState`. */
  readonly #waiting = new Set<() => void>()
  #closed = false
  #closing: Promise<StopVerdict> | undefined
  readonly typed: RobotCore<ModelTypes>

  constructor(parts: RobotParts) {
    this.#parts = parts
    this.typed = this.#facade()
  }

  /**
   * Sensors, then hardware, then services: loading a sensor's library takes a while, and the control loop should not
   * begin with a stall. What had been opened is closed again when one of them fails. */
  async open(): Promise<void> {
    const { hardware, sensors, services } = this.#parts
    try {
      for (const sensor of Object.values(sensors)) await sensor.open()
      await hardware.open()
      await services.start()
    } catch (error) {
      await this.#letGo()
      throw error
    }
  }

  onClose(undo: () => void): void {
    this.#onClose.push(undo)
  }

  close(): Promise<StopVerdict> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<StopVerdict> {
    const { dispatcher, lifecycle } = this.#parts
    dispatcher.closing = true
    // Not `disarm` if it is disarmed already: joints that hold on purpose keep holding, as their policy says.
    const verdict = await (this.#isOff() ? { confirmed: true, joints: [] } : lifecycle.shutdown())
    dispatcher.interruptAll('shutdown')
    await dispatcher.whenIdle()
    await this.#letGo()
    return verdict
  }

  #isOff(): boolean {
    const { state, lifecycle } = this.#parts
    return state.safety === 'disarmed' && lifecycle.verdictUnderWay === undefined
  }

  async #letGo(): Promise<void> {
    const { services, sensors, hardware, dispatcher, state, log } = this.#parts
    dispatcher.closing = true
    for (const failure of await services.stop()) log.record({ type: 'fault', problem: failure.problem })
    for (const sensor of Object.values(sensors)) await sensor.close()
    await hardware.close()
    dispatcher.end()
    state.stop()
    this.#closed = true
    for (const end of [...this.#waiting]) end()
    for (const undo of this.#onClose.splice(0)) undo()
  }

  /** What signal handlers do to this robot. */
  get stoppable(): Stoppable {
    const { lifecycle } = this.#parts
    return {
      retireAndClose: async () => {
        const { confirmed } = await lifecycle.retire({ by: 'signal' })
        await this.close()
        return confirmed
      },
      stopNow: async (reason) => (await lifecycle.stop({ by: 'process', reason })).confirmed,
    }
  }

  #facade(): RobotCore<ModelTypes> {
    const { definition, log, state, hardware, sensors, topics, dispatcher, lifecycle, limits, clock, commands } =
      this.#parts
    const close = (): Promise<StopVerdict> => this.close()
    const core: RobotCore<ModelTypes> = {
      name: definition.name,
      get state() {
        return state.operational
      },
      get safety() {
        return state.snapshot
      },
      commands: definition.commands,
      sensors,
      joints: this.#joints(),
      log: {
        entries: (options) => log.entries(options),
        on: (type, listener) => log.on(type, listener),
        onAny: (listener) => log.onAny(listener),
        get seq() {
          return log.seq
        },
        get lost() {
          return log.lost
        },
        to: (sink: LineSink): JsonLines => {
          const lines = jsonLines(log, clock, sink)
          this.#onClose.push(() => lines.end())
          return lines
        },
      },
      events: {
        publish: (topic, value) => topics.publish(topic, value),
        on: (topic, listener) => topics.on(topic, listener),
      },
      limits,
      health: () => hardware.health(),
      arm: () => lifecycle.arm(),
      disarm: (options) => lifecycle.disarm(options),
      stop: (cause) => lifecycle.stop(cause),
      reset: (cause) => lifecycle.reset(cause),
      retire: (cause) => lifecycle.retire(cause),
      acknowledge: (cause) => lifecycle.acknowledge(cause),
      close,
      execute: (name, goal) => this.#execute(name, goal),
      runs: () => dispatcher.runs().map(infoOf),
      category: (name) => this.#category(name),
      cancel: (target) => Promise.all(this.#targets(target).map((run) => dispatcher.cancel(run))),
      whenState: (wanted, options) => this.#whenState(wanted, options?.signal),
      [Symbol.asyncDispose]: async () => requireConfirmed(definition.name, await close()),
    }
    for (const [name, record] of commands)
      Object.defineProperty(core, name, {
        enumerable: true,
        value: (goal?: unknown): Handle => dispatcher.execute(record, goal),
      })
    return core
  }

  #joints(): Readonly<Record<string, JointReading>> {
    const { hardware } = this.#parts
    const joints = {}
    for (const name of hardware.jointNames)
      Object.defineProperty(joints, name, { enumerable: true, get: () => hardware.joint(name) })
    return joints
  }

  #execute(name: string, goal: unknown): Handle {
    const { commands, dispatcher, categories, limits } = this.#parts
    const record = commands.get(name)
    if (record) return dispatcher.execute(record, goal)
    const nobody: Command = { kind: 'command', spec: { run() {} } }
    const unknown = recordOf(name, nobody, categories.get('default') as Category, limits, [])
    return dispatcher.refuse(
      unknown,
      goal,
      problem('TENDON_UNKNOWN_COMMAND', { command: name, near: nearNames(name, commands.keys()) }),
    )
  }

  #category(name: string): CategoryView {
    const { categories, dispatcher } = this.#parts
    const category = categories.get(name)
    if (!category) throw new RangeError(`there is no category ${name}`)
    return {
      limit: category.limit,
      get taken() {
        return category.holders.size + category.heirs.size
      },
      get queued() {
        return dispatcher.queued(category)
      },
      whenFree: (options) => dispatcher.whenFree(category, options?.signal),
    }
  }

  #targets(target: CancelTarget): Run[] {
    const { dispatcher } = this.#parts
    if ('id' in target) {
      const run = dispatcher.find(target.id)
      return run ? [run] : []
    }
    return dispatcher.runs().filter(({ record }) => {
      if ('name' in target) return record.command === target.name
      return 'category' in target ? record.category.name === target.category : true
    })
  }

  #whenState(wanted: string, signal: AbortSignal | undefined): Promise<void> {
    const { state, log } = this.#parts
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      if (state.operational === wanted) return resolve()
      const closed = (): void => {
        end()
        reject(new TendonError(problem('TENDON_CLOSED', { robot: this.#parts.definition.name })))
      }
      const end = (): void => {
        off()
        this.#waiting.delete(closed)
        signal?.removeEventListener('abort', onAbort)
      }
      const onAbort = (): void => {
        end()
        reject(signal?.reason)
      }
      const off = log.on('transition', () => {
        if (state.operational !== wanted) return
        end()
        resolve()
      })
      this.#waiting.add(closed)
      signal?.addEventListener('abort', onAbort, { once: true })
      if (this.#closed) closed()
    })
  }
}

function infoOf(run: Run): RunInfo {
  return {
    id: run.id,
    command: run.record.command,
    status: run.status,
    category: run.record.category.name,
    claims: run.seats.filter((seat) => seat.kind === 'claim').map((seat) => seat.name),
    goal: run.input,
    parent: run.parent?.id,
    priority: run.priority,
  }
}
