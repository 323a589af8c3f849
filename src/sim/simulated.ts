import { TendonError } from '../base/problem.ts'
import type { Radians, Seconds } from '../base/units.ts'
import type { HardwareMap } from '../device/hardware-map.ts'
import type { JointSpec } from '../device/joint.ts'
import { type LinkSpec, linkOf } from '../device/link.ts'
import type { SensorSpec } from '../device/sensor.ts'
import type { ServoBusSpec, ServoCalibration, ServoSpec } from '../device/servo-bus.ts'
import type { ByteTransport } from '../device/transport.ts'
import { Faults, type FaultyBus } from './faults.ts'
import { FeetechBus } from './feetech/bus.ts'
import type { LineFaults } from './feetech/line-faults.ts'
import { BAUD_RATES, type RegisterName } from './feetech/registers.ts'
import { FeetechServo, type ServoSetup } from './feetech/servo.ts'
import { SimulatedPort } from './line.ts'
import { named } from './named.ts'
import { simProblem } from './problems.ts'
import { Random } from './random.ts'
import { Roster } from './roster.ts'
import { silentLink } from './silent-link.ts'
import { silentPort } from './silent-port.ts'
import { SimulatedServo, toSteps } from './simulated-servo.ts'
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
  /** Volts. Default 7.4. */
  readonly supply?: number
  /** Degrees Celsius around it. Default 25. */
  readonly ambient?: number
  /** Register values that differ from the table and from the calibration: `{ returnDelay: 250, mode: 1 }`. */
  readonly registers?: Partial<Record<RegisterName, number>>
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
  /** The host hears its own bytes, as on direct UART wirings. Default false. */
  readonly echo?: boolean
  /** Seconds from a reply's last byte to the host: the latency timer of a USB adapter. Default 0. */
  readonly latency?: Seconds
}

/** Model numbers (register 3) of the servos that can be simulated, by `family/model`. */
const MODELS: Readonly<Record<string, number>> = { 'feetech/STS3215': 777 }
const FAMILIES = ['feetech']
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
  const { simulation, ports } = build(map, options)
  const buses = mapValues(map.buses, (bus, name) => bus.withPort(ports.get(name) ?? bus.port))
  const made = robot.withHardware({
    ...map,
    buses,
    sensors: sensorsOf(map, options),
    links: mapValues(map.links ?? {}, (_, name) => options.links?.[name] ?? silentLink(name)),
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
  const servos = [...servoJoints(map)].map(([joint, spec]) => {
    const servo = new FeetechServo(setupOf(map, joint, spec, options))
    return new SimulatedServo(joint, spec.servo.bus, servo, spec, timeline)
  })
  const roster = new Roster(servos)
  const lines = new Map<string, FaultyBus>()
  const faults = new Faults(roster, lines, timeline, new Random(seed))
  for (const [name, spec] of Object.entries(map.buses)) {
    const bus = busOf(name, spec, servos, faults, timeline, new Random(seed + 1 + lines.size), options)
    lines.set(name, { bus, port: new SimulatedPort(bus, timeline, baudRateOf(spec)) })
  }
  const buses = new Map([...lines].map(([name, { bus }]) => [name, bus]))
  const ports = new Map([...lines].map(([name, { port }]) => [name, port]))
  const silent = Object.keys(map.sensors).filter((name) => isSilent(map.sensors[name] as SensorSpec, name, options))
  return { simulation: new Simulation(buses, roster, faults, silent), ports }
}

function busOf(
  name: string,
  spec: ServoBusSpec,
  servos: readonly SimulatedServo[],
  faults: LineFaults,
  timeline: Timeline,
  random: Random,
  { echo, latency }: SimulationOptions,
): FeetechBus {
  if (!FAMILIES.includes(spec.family)) {
    const facts = { bus: name, family: spec.family, known: FAMILIES }
    throw new TendonError(simProblem('TENDON_SIM_UNKNOWN_BUS', facts))
  }
  const mounted = servos.filter((servo) => servo.bus === name).map(({ servo }) => servo)
  return new FeetechBus({ name, servos: mounted, faults, baudRate: baudRateOf(spec), echo, latency }, timeline, random)
}

const baudRateOf = (bus: ServoBusSpec | undefined): number => bus?.port.baudRate ?? DEFAULT_BAUD_RATE

type ServoJoint = JointSpec & { readonly servo: ServoSpec }

function servoJoints(map: HardwareMap): Map<string, ServoJoint> {
  const driven = Object.entries(map.joints).filter((pair): pair is [string, ServoJoint] => pair[1].servo !== undefined)
  return new Map(driven)
}

function setupOf(map: HardwareMap, joint: string, spec: ServoJoint, options: SimulationOptions): ServoSetup {
  const { gravity = 0, registers, ...own } = options.joints?.[joint] ?? {}
  const angle = options.initial?.[joint] ?? 0
  const ends = [...spec.position, angle].map((end) => toSteps(spec, end))
  const margin = Math.abs(toSteps(spec, MARGIN) - toSteps(spec, 0))
  return {
    ...own,
    gravity: gravity * (spec.direction ?? 1),
    position: toSteps(spec, angle),
    travel: [Math.min(...ends) - margin, Math.max(...ends) + margin],
    registers: {
      modelNumber: modelNumberOf(joint, spec.servo),
      id: spec.servo.id,
      baudIndex: Math.max(0, (BAUD_RATES as readonly number[]).indexOf(baudRateOf(map.buses[spec.servo.bus]))),
      ...calibrationOf(map.calibration[joint]),
      ...registers,
    },
  }
}

function modelNumberOf(joint: string, { family, model }: ServoSpec): number {
  const number = MODELS[`${family}/${model}`]
  if (number !== undefined) return number
  const facts = { joint, family, model, known: Object.keys(MODELS) }
  throw new TendonError(simProblem('TENDON_SIM_UNKNOWN_SERVO', facts))
}

/** What calibration has written into this unit's EEPROM. */
function calibrationOf(calibration: ServoCalibration | undefined): ServoSetup['registers'] {
  if (!calibration) return {}
  const { homingOffset, rangeMin, rangeMax } = calibration
  return { positionOffset: homingOffset, minPosition: rangeMin, maxPosition: rangeMax }
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
