import { TendonError } from '../base/problem.ts'
import type { Radians, Seconds } from '../base/units.ts'
import type { DigitalInput } from '../device/digital-input.ts'
import type { HardwareMap } from '../device/hardware-map.ts'
import { boundOf, isSpeedJoint, type JointSpec, toServo } from '../device/joint.ts'
import { type LinkSpec, linkOf } from '../device/link.ts'
import type { SensorSpec } from '../device/sensor.ts'
import type { ServoBusSpec, ServoSpec } from '../device/servo-bus.ts'
import type { ByteTransport } from '../device/transport.ts'
import { type AnyRegister, families } from './families.ts'
import type { LineSetup, MountedServo, SimulatedFamily } from './family.ts'
import { Faults, type FaultyBus } from './faults.ts'
import { SimulatedPort } from './line.ts'
import type { LineFaults } from './line-faults.ts'
import { named } from './named.ts'
import { simProblem } from './problems.ts'
import { Random } from './random.ts'
import { Roster } from './roster.ts'
import { silentLink } from './silent-link.ts'
import { silentPort } from './silent-port.ts'
import { SimulatedInput } from './simulated-input.ts'
import { SimulatedServo } from './simulated-servo.ts'
import { Simulation } from './simulation.ts'
import { Timeline } from './timeline.ts'

/** Anything whose hardware can be exchanged: a robot, with or without its commands. */
export interface Simulable<R> {
  readonly hardware: HardwareMap
  withHardware(map: HardwareMap): R
}

/** How one joint's servo differs from a new one at rest. */
export interface SimulatedJointOptions {
  /** Share of the servo's torque that pulls the joint, positive towards larger angles. A limp joint falls. Default 0. */
  readonly gravity?: number
  /** Volts. Default: what this servo is made for, 7.4 for an STS3215. */
  readonly supply?: number
  /** Degrees Celsius around it. Default 25. */
  readonly ambient?: number
  /** Register values that differ from the table and from the calibration: `{ returnDelay: 250 }`. */
  readonly registers?: Partial<Record<AnyRegister, number>>
}

export interface SimulationOptions {
  /** Of everything that is left to chance. Default 1. */
  readonly seed?: number
  /** Where joints are at first; default 0. */
  readonly initial?: Readonly<Record<string, Radians>>
  readonly joints?: Readonly<Record<string, SimulatedJointOptions>>
  /**
   * What sensors listen to, by name: a `playback`, or a port of the world outside. Those not named get a port on which
   * nothing comes, so that a simulated robot opens no real one by accident: they stay `unknown`.
   */
  readonly sensors?: Readonly<Record<string, ByteTransport>>
  /**
   * Other links, by name: that of an `embeddedBroker`. Through those not named nothing comes and nothing goes, so that
   * a simulated robot never speaks to the broker of a real one.
   */
  readonly links?: Readonly<Record<string, LinkSpec>>
  /**
   * Other stop buttons, by name. Those not named are released ones, which `simulationOf(robot).stopInput(name)` presses:
   * a simulated robot opens no real pin.
   */
  readonly stopInputs?: Readonly<Record<string, DigitalInput>>
  /** The host hears its own bytes, as on direct UART wirings. Default false. */
  readonly echo?: boolean
  /** Seconds from a reply's last byte to the host: the latency timer of a USB adapter. Default 0. */
  readonly latency?: Seconds
}

const DEFAULT_BAUD_RATE = 1_000_000
/** How far the mechanics go beyond the joint's limits, so that a goal at a limit is reached. */
const MARGIN: Radians = 0.05

const simulations = new WeakMap<object, Simulation>()

/**
 * The same robot with every servo bus simulated, byte by byte: `start(simulated(arm))`. Each call makes a world of its
 * own; its servos keep their registers and their place over close and reopen, as real ones do. Throws a `TendonError`
 * for a servo that cannot be simulated and for options that name nothing.
 */
export function simulated<R extends Simulable<R>>(robot: R, options: SimulationOptions = {}): R {
  const map = robot.hardware
  checkNames('joint with a servo', servoJoints(map), { ...options.initial, ...options.joints })
  checkNames('sensor', new Map(Object.entries(map.sensors)), options.sensors ?? {})
  checkNames('link', new Map(Object.entries(map.links ?? {})), options.links ?? {})
  checkNames('stop input', new Map(Object.entries(map.stopInputs ?? {})), options.stopInputs ?? {})
  const { simulation, ports, inputs } = build(map, options)
  const buses = mapValues(map.buses, (bus, name) => bus.withPort(ports.get(name) ?? bus.port))
  const made = robot.withHardware({
    ...map,
    buses,
    sensors: sensorsOf(map, options),
    links: mapValues(map.links ?? {}, (_, name) => options.links?.[name] ?? silentLink(name)),
    stopInputs: { ...Object.fromEntries(inputs), ...options.stopInputs },
  })
  // By the ports too, which outlive whatever is added to the robot later.
  for (const key of [made, made.hardware, ...ports.values()]) simulations.set(key, simulation)
  return made
}

/** The world behind a simulated robot. Throws `TENDON_SIM_NOT_SIMULATED` for any other. */
export function simulationOf(robot: { readonly hardware: HardwareMap }): Simulation {
  const keys = [robot, robot.hardware, ...Object.values(robot.hardware.buses).map((bus) => bus.port)]
  for (const key of keys) {
    const simulation = simulations.get(key)
    if (simulation) return simulation
  }
  throw new TendonError(simProblem('TENDON_SIM_NOT_SIMULATED', {}))
}

function build(map: HardwareMap, options: SimulationOptions) {
  const timeline = new Timeline()
  const seed = options.seed ?? 1
  const servos = [...servoJoints(map)].flatMap(([joint, spec]) =>
    familyOf(joint, spec.servo)
      .servos(mountOf(map, joint, spec, options))
      .map((servo) => new SimulatedServo(joint, spec.servo.bus, servo, spec, timeline)),
  )
  const roster = new Roster(servos)
  const lines = new Map<string, FaultyBus>()
  const faults = new Faults(roster, lines, timeline, new Random(seed))
  for (const [name, spec] of Object.entries(map.buses)) {
    const random = new Random(seed + 1 + lines.size)
    lines.set(name, lineOf(spec, setupOf(name, spec, servos, options, { faults, timeline, random })))
  }
  const buses = new Map([...lines].map(([name, { bus }]) => [name, bus]))
  const ports = new Map([...lines].map(([name, { port }]) => [name, port]))
  const silent = Object.keys(map.sensors).filter((name) => isSilent(map.sensors[name] as SensorSpec, name, options))
  const inputs = new Map(
    Object.keys(map.stopInputs ?? {})
      .filter((name) => !options.stopInputs?.[name])
      .map((name) => [name, new SimulatedInput(name)]),
  )
  return { simulation: new Simulation(buses, roster, faults, silent, inputs), ports, inputs }
}

function lineOf(spec: ServoBusSpec, setup: LineSetup): FaultyBus {
  const family = families.find((one) => one.family === spec.family)
  if (!family) {
    const facts = { bus: setup.name, family: spec.family, known: families.map((one) => one.family) }
    throw new TendonError(simProblem('TENDON_SIM_UNKNOWN_BUS', facts))
  }
  const bus = family.line(setup)
  return { bus, port: family.port?.(bus, setup) ?? new SimulatedPort(bus, setup.timeline, setup.baudRate) }
}

function setupOf(
  name: string,
  spec: ServoBusSpec,
  servos: readonly SimulatedServo[],
  { echo = false, latency = 0 }: SimulationOptions,
  world: { readonly faults: LineFaults; readonly timeline: Timeline; readonly random: Random },
): LineSetup {
  const mounted = servos.filter((servo) => servo.bus === name).map(({ servo }) => servo)
  return { name, spec, servos: mounted, baudRate: baudRateOf(spec), echo, latency, ...world }
}

function baudRateOf(bus: ServoBusSpec | undefined): number {
  const family = families.find((one) => one.family === bus?.family)
  return bus?.port.baudRate ?? family?.baudRate ?? DEFAULT_BAUD_RATE
}

type ServoJoint = JointSpec & { readonly servo: ServoSpec }

function servoJoints(map: HardwareMap): Map<string, ServoJoint> {
  const driven = Object.entries(map.joints).filter((pair): pair is [string, ServoJoint] => pair[1].servo !== undefined)
  return new Map(driven)
}

function familyOf(joint: string, { family, model }: ServoSpec): SimulatedFamily {
  const found = families.find((one) => one.family === family && one.models.includes(model))
  if (found) return found
  const known = families.flatMap((one) => one.models.map((each) => `${one.family}/${each}`))
  throw new TendonError(simProblem('TENDON_SIM_UNKNOWN_SERVO', { joint, family, model, known }))
}

function mountOf(map: HardwareMap, joint: string, spec: ServoJoint, options: SimulationOptions): MountedServo {
  const { gravity = 0, registers = {}, supply, ambient } = options.joints?.[joint] ?? {}
  const angle = options.initial?.[joint] ?? 0
  return {
    joint,
    spec,
    calibration: map.calibration[joint],
    baudRate: baudRateOf(map.buses[spec.servo.bus]),
    angle: toServo(spec, angle),
    travel: isSpeedJoint(spec) ? undefined : travelOf(spec, angle),
    gravity: gravity * (spec.direction ?? 1) * Math.sign(spec.gear ?? 1),
    supply,
    ambient,
    registers,
  }
}

/** The ends of the shaft's way: those of the joint, a little further, and never short of where it is. */
function travelOf(spec: ServoJoint, angle: Radians): readonly [Radians, Radians] {
  const ends = [...spec.position, angle].map((end) => toServo(spec, end))
  const margin = Math.abs(toServo(spec, boundOf(spec, MARGIN)) - toServo(spec, 0))
  return [Math.min(...ends) - margin, Math.max(...ends) + margin]
}

function sensorsOf(map: HardwareMap, options: SimulationOptions): Readonly<Record<string, SensorSpec>> {
  return mapValues(map.sensors, (sensor, name) => {
    const port = options.sensors?.[name] ?? (sensor.port && silentPort(name, sensor.port.baudRate))
    return port ? sensor.withPort(port) : sensor
  })
}

/** Whether nobody said what a sensor is to hear. */
function isSilent(sensor: SensorSpec, name: string, { sensors, links }: SimulationOptions): boolean {
  const link = linkOf(sensor)
  return link === undefined ? sensor.port !== undefined && !sensors?.[name] : !links?.[link]
}

function checkNames(kind: string, known: ReadonlyMap<string, unknown>, given: object): void {
  for (const name of Object.keys(given)) named(kind, known, name)
}

function mapValues<T>(things: Readonly<Record<string, T>>, change: (thing: T, name: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(things).map(([name, thing]) => [name, change(thing, name)]))
}
