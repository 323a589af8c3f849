import type { Cause } from '../base/cause.ts'
import type { Clock } from '../base/clock.ts'
import { onAbort } from '../base/on-abort.ts'
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
import type { RobotParameters } from '../params/robot-parameters.ts'
import type { ParameterStore } from '../params/store.ts'
import { Rules } from '../rules/rules.ts'
import { type CommandRecord, recordOf } from '../run/command-record.ts'
import type { Run } from '../run/run.ts'
import type { RobotState } from '../state/robot-state.ts'
import type { Hub } from '../stream/hub.ts'
import type { Sensor } from '../stream/sensor.ts'
import type { Dispatcher } from './dispatch.ts'
import { JointStateFeed } from './joint-states.ts'
import { type Lifecycle, requireConfirmed } from './lifecycle.ts'
import type { Links } from './links.ts'
import type { Stoppable } from './process-handlers.ts'
import type { CancelTarget, CategoryView, RobotCore, RunInfo } from './robot.ts'
import { ruleRobot } from './rule-robot.ts'
import type { Services } from './services.ts'
import type { StopInputs } from './stop-inputs.ts'

/** The parts of one robot, as `start` makes them. */
export interface RobotParts {
  readonly definition: RobotDefinition
  readonly clock: Clock
  readonly limits: Limits
  readonly log: EventLog
  readonly state: RobotState
  readonly hardware: Hardware
  readonly links: Links
  readonly sensors: Readonly<Record<string, Sensor<unknown>>>
  readonly params: ParameterStore
  readonly topics: Hub<unknown>
  readonly categories: ReadonlyMap<string, Category>
  readonly dispatcher: Dispatcher
  readonly lifecycle: Lifecycle
  readonly stopInputs: StopInputs
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
  readonly #rules: Rules
  readonly #jointStates: JointStateFeed
  readonly typed: RobotCore<ModelTypes>

  constructor(parts: RobotParts) {
    this.#parts = parts
    this.#jointStates = new JointStateFeed({
      clock: parts.clock,
      hardware: parts.hardware,
      limit: parts.limits.sensorSubscriptions,
      note: (what, facts) => {
        parts.log.record({ type: 'note', what, facts })
        parts.dispatcher.tell()
      },
    })
    this.typed = this.#facade()
    const { definition, clock, log, sensors, dispatcher, commands } = parts
    this.#rules = new Rules(definition.ruleSpecs, sensors, {
      clock,
      log,
      tell: () => dispatcher.tell(),
      execute: (name, goal, cause) => this.#execute(name, goal, cause),
      robotFor: (cause) => ruleRobot(this.typed, commands.keys(), cause),
    })
  }

  /**
   * Parameters, on which the rest depends, then links, then sensors, then hardware, then services: loading a sensor's library takes a while, and the control loop should not
   * begin with a stall. What had been opened is closed again when one of them fails. */
  async open(): Promise<void> {
    const { hardware, links, sensors, services, params, stopInputs } = this.#parts
    try {
      await params.load()
      await links.open()
      for (const sensor of Object.values(sensors)) await sensor.start()
      await stopInputs.open()
      await hardware.open()
      stopInputs.begin()
      await services.start()
      this.#rules.start()
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
    this.#rules.end()
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
    this.#rules.end()
    const { services, sensors, links, hardware, dispatcher, state, log, params, stopInputs } = this.#parts
    dispatcher.closing = true
    for (const failure of await services.stop()) log.record({ type: 'fault', problem: failure.problem })
    for (const sensor of Object.values(sensors)) await sensor.close()
    await links.close()
    this.#jointStates.close()
    await stopInputs.close()
    await hardware.close()
    await params.close()
    dispatcher.end()
    params.end()
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
      links: this.#parts.links.ports,
      parameters: this.#parameters(),
      joints: this.#joints(),
      jointStates: this.#jointStates,
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
      loops: () => hardware.loops(),
      arm: () => lifecycle.arm(),
      disarm: (options) => lifecycle.disarm(options),
      stop: (cause) => lifecycle.stop(cause),
      reset: (cause) => lifecycle.reset(cause),
      retire: (cause) => lifecycle.retire(cause),
      acknowledge: (cause) => lifecycle.acknowledge(cause),
      close,
      execute: (name, goal, cause) => this.#execute(name, goal, cause),
      runs: () => dispatcher.runs().map(infoOf),
      rules: () => this.#rules.infos(),
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

  #parameters(): RobotParameters {
    const { params } = this.#parts
    return {
      get: (name) => params.get(name),
      set: (name, value, cause) => params.set(name, value, cause),
      reset: (name, cause) => params.reset(name, cause),
      all: () => params.all(),
      parse: (name, text) => params.parse(name, text),
      on: (name, listener) => params.on(name, listener),
      onAny: (listener) => params.onAny(listener),
    }
  }

  #joints(): Readonly<Record<string, JointReading>> {
    const { hardware } = this.#parts
    const joints = {}
    for (const name of hardware.jointNames)
      Object.defineProperty(joints, name, { enumerable: true, get: () => hardware.joint(name) })
    return joints
  }

  #execute(name: string, goal: unknown, cause?: Cause): Handle {
    const { commands, dispatcher, categories, limits } = this.#parts
    const record = commands.get(name)
    if (record) return dispatcher.execute(record, goal, undefined, cause)
    const nobody: Command = { kind: 'command', spec: { run() {} } }
    const unknown = recordOf(name, nobody, categories.get('default') as Category, limits, [])
    return dispatcher.refuse(
      unknown,
      goal,
      problem('TENDON_UNKNOWN_COMMAND', { command: name, near: nearNames(name, commands.keys()) }),
      undefined,
      cause,
    )
  }

  #category(name: string): CategoryView {
    const { categories, dispatcher } = this.#parts
    const category = categories.get(name)
    if (!category)
      throw new TendonError(
        problem('TENDON_UNKNOWN_CATEGORY', { category: name, near: nearNames(name, categories.keys()) }),
      )
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
        forget?.()
      }
      const aborted = (): void => {
        end()
        reject(signal?.reason)
      }
      const off = log.on('transition', () => {
        if (state.operational !== wanted) return
        end()
        resolve()
      })
      this.#waiting.add(closed)
      const forget = signal && onAbort(signal, aborted)
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
    cause: run.cause,
    priority: run.priority,
  }
}
