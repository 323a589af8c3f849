import { type Clock, defineRobot, deg, degPerSec, start, systemClock } from 'tendon'
import { type FeetechBus, feetech, sts3215 } from 'tendon/feetech'
import { simulated, simulationOf } from 'tendon/sim'
import { MemoryTransport, type memoryPair } from '../src/transports/memory.ts'
import type { Effort } from './effort.ts'
import { checkDone, median, type Row } from './measure.ts'
import { report } from './rounds.ts'
import { SpinClock } from './spin-clock.ts'

const BAUD = 1_000_000
const JOINTS = ['pan', 'lift', 'elbow', 'wrist', 'roll', 'grip'] as const
const SUBSCRIBERS = 10
const SECONDS_PER_BYTE = 10 / BAUD

/**
 * Bytes of one cycle of the control loop: a sync write of position, time and velocity, a sync read of position, velocity
 * and load, and a reply of each servo.
 */
const WRITE = 8 + JOINTS.length * (1 + 6)
const READ = 8 + JOINTS.length
const REPLY = 6 + 6

/** Seconds that the wire needs for one cycle, whatever the host does: its bytes and the pauses of the servos. */
const wireTime = (returnDelay: number): number =>
  (WRITE + READ + JOINTS.length * REPLY) * SECONDS_PER_BYTE + JOINTS.length * returnDelay

/** Six simulated servos behind a wire that is as fast as a real one, and a robot on it that goes as fast as it can. */
async function robotOnWire(returnDelayRegister: number, rate: number) {
  const joint = (id: number) => ({
    position: [deg(-100), deg(100)] as const,
    velocity: degPerSec(60),
    servo: sts3215('servos', id),
    stop: 'park' as const,
  })
  const spin = new SpinClock()
  const model = defineRobot('arm', {
    categories: { motion: { limit: 1 } },
    buses: { servos: feetech({ port: new MemoryTransport({ baudRate: BAUD, connect() {} }) }) },
    joints: { pan: joint(1), lift: joint(2), elbow: joint(3), wrist: joint(4), roll: joint(5), grip: joint(6) },
    limits: { rate },
  })
  const definition = model.with({ moveTo: model.moveTo({ category: 'motion', deadline: 'none', speed: 0.05 }) })
  const registers = { returnDelay: returnDelayRegister }
  const virtual = simulated(definition, { joints: Object.fromEntries(JOINTS.map((name) => [name, { registers }])) })
  const simulation = simulationOf(virtual)
  const line = linkedTo((device) => simulation.attach('servos', device, { clock: spin }))
  const servos = definition.hardware.buses.servos
  if (!servos) throw new Error('the robot has lost its bus')
  const onWire = definition.withHardware({ ...definition.hardware, buses: { servos: servos.withPort(line.port) } })
  return { robot: await start(onWire), bus: servos.withPort(line.port), detach: line.end }
}

/** A port of the host whose other end is given to `attach`, each time that it is opened. */
function linkedTo(attach: (device: ReturnType<typeof memoryPair>['device']) => () => void) {
  let end = (): void => {}
  const port = new MemoryTransport({
    baudRate: BAUD,
    connect(device) {
      end()
      end = attach(device)
    },
  })
  return { port, end: () => end() }
}

/** The rate is above what the wire carries: then the loop goes at the pace of the wire. */
const HASTE = 1.25

/** Cycles a second of the whole runtime: moving, read, and told to everybody who listens. */
async function cyclesOfRuntime(returnDelayRegister: number, seconds: number): Promise<number> {
  const returnDelay = returnDelayRegister * 2e-6
  const { robot, detach } = await robotOnWire(returnDelayRegister, Math.ceil(HASTE / wireTime(returnDelay)))
  try {
    checkDone('armed', Number((await robot.arm()).armed), 1)
    const told = new Array<number>(SUBSCRIBERS).fill(0)
    const subscriptions = told.map((_, i) =>
      robot.jointStates.subscribe(() => void told.splice(i, 1, (told[i] ?? 0) + 1)),
    )
    // A quarter of a degree a second: it moves, and written is a setpoint of every joint, at every tick of the measurement.
    const move = robot.moveTo(Object.fromEntries(JOINTS.map((name) => [name, deg(90)])))
    await settle(0.2)
    const [bytes, before, began] = [robot.health().servos?.bytesOut ?? 0, [...told], performance.now()]
    await settle(seconds)
    const took = (performance.now() - began) / 1000
    const cycles = (told[0] ?? 0) - (before[0] ?? 0)
    const written = (robot.health().servos?.bytesOut ?? 0) - bytes
    // Each cycle wrote setpoints and asked everybody; the status read of each second is longer by a little.
    if (written < cycles * (WRITE + READ) * 0.99) throw new Error(`${cycles} cycles wrote only ${written} bytes`)
    for (const [i, count] of told.entries()) checkDone('states told', count - (before[i] ?? 0), cycles)
    for (const subscription of subscriptions) subscription.unsubscribe()
    await move.cancel()
    return cycles / took
  } finally {
    await robot.close()
    detach()
  }
}

/** Cycles a second of a host that writes the same frame and asks one servo after the other. */
async function cyclesOfSingleReads(returnDelayRegister: number, seconds: number): Promise<number> {
  const { robot, bus, detach } = await robotOnWire(returnDelayRegister, 50)
  await robot.close()
  const ids = JOINTS.map((_, i) => i + 1)
  const servos = ids.map((id, i) => ({ joint: JOINTS[i] ?? '', servo: sts3215('servos', id) }))
  const line = bus.create({ clock: systemClock as Clock }, servos) as FeetechBus
  await line.open()
  try {
    const began = performance.now()
    let cycles = 0
    while (performance.now() - began < seconds * 1000) {
      void line.writeSetpoints(ids.map((id) => ({ id, position: 0, velocity: 0.1 })))
      for (const id of ids) if ((await line.readMotion([id])).size !== 1) throw new Error(`servo ${id} did not answer`)
      cycles++
    }
    return cycles / ((performance.now() - began) / 1000)
  } finally {
    await line.close()
    detach()
  }
}

const settle = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000))

function atLeast(name: string, bound: number, unit: string, values: readonly number[]): Row {
  const value = median(values)
  const spread = [Math.min(...values), Math.max(...values)] as const
  return {
    goal: 'G8',
    case: name,
    value,
    unit,
    target: `>=${bound}`,
    met: value >= bound,
    rounds: values.length,
    spread,
  }
}

/** G8: six servos on a wire at 1 Mbit/s, the whole runtime in the loop, states to ten subscribers. */
export async function g8({ rounds, divisor }: Effort): Promise<Row[]> {
  const seconds = Math.max(2 / divisor, 0.1)
  const rows: Row[] = []
  for (const [register, share] of [
    [1, 90],
    [250, 96],
  ] as const) {
    const limit = 1 / wireTime(register * 2e-6)
    const joined: number[] = []
    const single: number[] = []
    for (let round = 0; round < rounds; round++) {
      const sides = [
        async () => joined.push(await cyclesOfRuntime(register, seconds)),
        async () => single.push(await cyclesOfSingleReads(register, seconds / 4)),
      ]
      for (const side of round % 2 === 0 ? sides : sides.reverse()) await side()
    }
    const name = `return delay ${register * 2} us, wire limit ${Math.round(limit)} cycles/s`
    const shares = joined.map((cycles) => (100 * cycles) / limit)
    rows.push(atLeast(`${name}: share of it`, share, '%', shares))
    const ratios = joined.map((cycles, i) => cycles / (single[i] ?? Number.NaN))
    const against = `${name}: against six single reads`
    // With slow servos nearly all of a cycle is their pauses, whichever way they are asked.
    rows.push(register === 1 ? atLeast(against, 1.6, 'x', ratios) : report('G8', against, 'x', median(ratios), ratios))
  }
  return rows
}
