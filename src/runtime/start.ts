import { type Clock, systemClock } from '../base/clock.ts'
import { describe, type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import { memoryStorage, type Storage } from '../base/storage.ts'
import type { Command } from '../define/command.ts'
import { checkLimits, defaultLimits, type Limits } from '../define/limits.ts'
import type { ModelTypes } from '../define/model-types.ts'
import type { RobotDefinition } from '../define/robot-definition.ts'
import type { CommandMap } from '../define/script.ts'
import { Category } from '../gate/pool.ts'
import type { GuardPort } from '../guard/contract.ts'
import { processGuard } from '../guard/process-guard.ts'
import { EventLog } from '../log/event-log.ts'
import { ParameterStore } from '../params/store.ts'
import { type CommandRecord, recordOf } from '../run/command-record.ts'
import { opTable } from '../run/op-table.ts'
import { coreOperations } from '../run/operations.ts'
import { createHardware } from '../safety/hardware.ts'
import { RobotState } from '../state/robot-state.ts'
import type { HealthChange } from '../stream/health.ts'
import { Hub } from '../stream/hub.ts'
import { Sensor } from '../stream/sensor.ts'
import { Dispatcher } from './dispatch.ts'
import { jointPaces } from './joint-paces.ts'
import { Lifecycle } from './lifecycle.ts'
import { Links } from './links.ts'
import { installProcessHandlers, type ProcessPort } from './process-handlers.ts'
import type { Robot } from './robot.ts'
import { RobotObject } from './robot-object.ts'
import { Services } from './services.ts'
import { StopInputs } from './stop-inputs.ts'

/** The ports through which a robot meets the world outside its buses. */
export interface StartOptions {
  /** Default: the clock of this machine. */
  readonly clock?: Clock
  /** Install handlers for SIGINT, SIGTERM and uncaught errors, until `close`. `true`: of this process. Default: none. */
  readonly process?: boolean | ProcessPort
  /** In the place of the definition's limits. */
  readonly limits?: Partial<Limits>
  /** Where parameters and recordings are kept. Default: in memory, until `close`. */
  readonly storage?: Storage
  /**
   * Who stops the robot when this program cannot any more. Default: `processGuard()`. Ports that need none, such as
   * simulated ones, get none.
   */
  readonly guard?: GuardPort
}

/**
 * Opens the buses and sensors of a robot and starts its services. It comes up disarmed, whatever it was before. Rejects
 * with a `TendonError`, with nothing left open, when one of them cannot be had.
 */
export async function start<M extends ModelTypes, C extends CommandMap>(
  definition: RobotDefinition<M, C>,
  options: StartOptions = {},
): Promise<Robot<M, C>> {
  const robot = assemble(definition as unknown as RobotDefinition, options)
  await robot.open()
  if (options.process) {
    const port = options.process === true ? (process as unknown as ProcessPort) : options.process
    robot.onClose(installProcessHandlers(port, robot.stoppable))
  }
  return robot.typed as unknown as Robot<M, C>
}

/** Puts the parts together; opens nothing. */
function assemble(definition: RobotDefinition, options: StartOptions): RobotObject {
  const { spec } = definition.model
  const clock = options.clock ?? systemClock
  const storage = options.storage ?? memoryStorage()
  const limits = checkedLimits(definition, options.limits)
  const states = Object.keys(spec.states ?? {})
  const log = new EventLog(clock, limits.eventLog)
  const state = new RobotState(spec.initial ?? 'idle', states)
  const categories = categoriesOf(definition, limits)
  const note = (what: string, facts: Readonly<Record<string, unknown>>): void => {
    log.record({ type: 'note', what, facts })
    dispatcher.tell()
  }
  const params = new ParameterStore({
    robot: definition.name,
    specs: spec.parameters ?? {},
    storage,
    clock,
    log,
    limits,
    tell: () => dispatcher.tell(),
  })
  const paces = jointPaces(spec.pacedBy ?? {}, definition.hardware.joints, params.values)
  const guarding = {
    robot: definition.name,
    port: options.guard ?? processGuard(),
    optedOut: spec.guard === 'none',
  }
  const hooks = {
    fault: (found: Problem): void => lifecycle.faulted(found),
    returned: (bus: string): void => lifecycle.busReturned(bus),
    note,
  }
  const hardware = createHardware(definition.hardware, { clock }, limits, hooks, paces, guarding)
  const health = ({ sensor, from, to, problem }: HealthChange): void => {
    log.record({ type: 'sensor', sensor, from, to, problem })
    dispatcher.tell()
  }
  const links = new Links(definition.hardware.links ?? {}, clock, limits.serviceTimeout, note)
  const sensors = Object.fromEntries(
    Object.entries(definition.hardware.sensors).map(([name, sensor]) => [
      name,
      new Sensor(name, links.adapt(sensor), { clock, links: links.opened }, { note, health }, limits),
    ]),
  )
  links.lendTo(definition.hardware.sensors, sensors)
  const topics = new Hub<unknown>((error) => {
    log.record({ type: 'user_code_threw', where: 'topic listener', run: undefined, message: describe(error) })
    dispatcher.tell()
  })
  const record = recordsOf(categories, limits, ['idle', ...states], params.values)
  const dispatcher: Dispatcher = new Dispatcher({
    robot: definition.name,
    clock,
    limits,
    log,
    state,
    hardware,
    topics,
    sensors,
    storage,
    params: params.values,
    categories,
    claimable: new Set([...Object.keys(spec.joints ?? {}), ...(spec.resources ?? [])]),
    recordFor: record,
    disarmAfterCrash: (run) => void lifecycle.disarm({ by: run.id, reason: 'crash' }),
    safetyVerdict: () => lifecycle.verdictUnderWay,
  })
  const services = new Services(clock, limits.serviceTimeout, spec.services ?? [])
  dispatcher.table = opTable(
    definition.name,
    coreOperations(dispatcher, (strand) => dispatcher.runOf(strand)),
    services.all,
  )
  const own = (role: 'restCommand' | 'selfCheckCommand'): CommandRecord | undefined => {
    const command = definition[role]
    const name = command && Object.keys(definition.commands).find((key) => definition.commands[key] === command)
    // Work of the lifecycle itself has a slot of its own; its children have those of their categories.
    const slot = categories.get('lifecycle') as Category
    if (!command || name === undefined) return undefined
    return recordOf(name, command, slot, limits, ['idle', ...states], true, params.values)
  }
  const lifecycle: Lifecycle = new Lifecycle({
    robot: definition.name,
    dispatcher,
    state,
    hardware,
    log,
    limits,
    rest: own('restCommand'),
    selfCheck: own('selfCheckCommand'),
    stopInputs: { against: () => stopInputs.against() },
  })
  const stopInputs: StopInputs = new StopInputs(definition.hardware.stopInputs ?? {}, {
    clock,
    closeLimit: limits.serviceTimeout,
    isLive: () => state.safety !== 'disarmed',
    // The act records its verdict itself, and never rejects.
    stop: (cause) => void lifecycle.stop(cause),
    note,
  })
  const commands = new Map(
    Object.entries(definition.commands).map(([name, command]) => [name, record(name, command, false)]),
  )
  return new RobotObject({
    definition,
    clock,
    limits,
    log,
    state,
    hardware,
    links,
    sensors,
    params,
    topics,
    categories,
    dispatcher,
    lifecycle,
    stopInputs,
    services,
    commands,
  })
}

/** The limits of the definition with those of this start in their place, checked like the former. */
function checkedLimits({ name: robot, model }: RobotDefinition, given: Partial<Limits> | undefined): Limits {
  const limits: Limits = { ...defaultLimits, ...model.spec.limits, ...given }
  const faults = checkLimits(limits).map(([name, what]) => ({
    path: `limits.${name}`,
    what,
    fix: `Leave limits.${name} out for its default.`,
  }))
  if (faults.length > 0) throw new TendonError(problem('TENDON_DEFINITION_INVALID', { robot, faults }))
  return limits
}

/** The declared categories, and those that every robot has. */
function categoriesOf({ model }: { readonly model: RobotDefinition['model'] }, limits: Limits): Map<string, Category> {
  const declared = { default: {}, ...model.spec.categories }
  const all = new Map<string, Category>()
  for (const [name, { limit = 1, conflict = 'reject', queueLength, queueTimeout }] of Object.entries(declared) as [
    string,
    NonNullable<RobotDefinition['model']['spec']['categories']>[string],
  ][])
    all.set(
      name,
      new Category(name, limit, conflict, queueLength ?? limits.queueLength, queueTimeout ?? limits.queueTimeout),
    )
  // Scripts are limited by the cap on all runs only; a halt takes the place of an older one.
  all.set('script', new Category('script', limits.maxRuns, 'reject', 1, 1))
  all.set('halt', new Category('halt', 1, 'preempt', 1, 1))
  all.set('lifecycle', new Category('lifecycle', 1, 'reject', 1, 1))
  return all
}

/** Makes the record of a command once per robot and name. */
function recordsOf(
  categories: ReadonlyMap<string, Category>,
  limits: Limits,
  states: readonly string[],
  params: ParameterStore['values'],
): (name: string, command: Command, lifecycle: boolean) => CommandRecord {
  const plain = new Map<Command, Map<string, CommandRecord>>()
  const reserved = new Map<Command, Map<string, CommandRecord>>()
  return (name, command, lifecycle) => {
    const all = lifecycle ? reserved : plain
    // By name too: the same command may be called otherwise in somebody's `uses`.
    const known = all.get(command) ?? new Map<string, CommandRecord>()
    all.set(command, known)
    let record = known.get(name)
    if (!record) {
      const category = categories.get(command.spec.category ?? 'default') as Category
      record = recordOf(name, command, category, limits, states, lifecycle, params)
      known.set(name, record)
    }
    return record
  }
}
