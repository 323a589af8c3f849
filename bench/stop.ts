import { defineRobot, deg, degPerSec, start } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { simulated } from 'tendon/sim'
import { createActor, fromPromise } from 'xstate'
import { MemoryTransport } from '../src/transports/memory.ts'
import type { Effort } from './effort.ts'
import { atMost, checkDone, median, type Row } from './measure.ts'
import { settled } from './robots.ts'
import { figure, quantile, ratioOf, type TimedSide, took } from './rounds.ts'
import { Hearing, waitingRobot } from './waiting.ts'
import { WatchedPort } from './watched-port.ts'

const MANY = 10_000
/** Live commands whose handlers and callers are compared with callbacks and actors. */
const LIVE = 1000
const BROADCAST = 0xfe
const SYNC_WRITE = 0x83

/** An armed robot of six simulated servos behind the real driver, with a look at what the port is handed. */
async function sixServos() {
  const joint = (id: number) => ({
    position: [deg(-100), deg(100)] as const,
    velocity: degPerSec(60),
    servo: sts3215('servos', id),
    stop: 'park' as const,
  })
  const model = defineRobot('arm', {
    categories: { work: { limit: MANY } },
    // `simulated` puts its own port in this one's place.
    buses: { servos: feetech({ port: new MemoryTransport({ baudRate: 1_000_000, connect() {} }) }) },
    joints: { pan: joint(1), lift: joint(2), elbow: joint(3), wrist: joint(4), roll: joint(5), grip: joint(6) },
    limits: { maxRuns: 2 * MANY },
  })
  const wait = model.command({
    category: 'work',
    deadline: 600,
    run: ({ onInterrupt }) => new Promise<void>((resolve) => onInterrupt(resolve)),
  })
  const virtual = simulated(model.with({ wait }))
  const bus = virtual.hardware.buses.servos
  if (!bus) throw new Error('the robot has lost its bus')
  const port = new WatchedPort(bus.port)
  const buses = { servos: bus.withPort(port) }
  return { robot: await start(virtual.withHardware({ ...virtual.hardware, buses })), port }
}

type SixServos = Awaited<ReturnType<typeof sixServos>>

/** Microseconds from the call of `act` until the port has the stop packet. */
async function toThePacket({ robot, port }: SixServos, act: 'disarm' | 'stop', live: number): Promise<number> {
  checkDone('armed', Number((await robot.arm()).armed), 1)
  const outcomes = Array.from({ length: live }, () => robot.wait().result())
  await settled()
  port.watch()
  const called = performance.now()
  const verdict = robot[act]()
  const packet = port.first
  checkDone('stop packets within the call', packet ? 1 : 0, 1)
  checkDone('its servo id', packet?.bytes[2] ?? -1, BROADCAST)
  checkDone('its instruction', packet?.bytes[4] ?? -1, SYNC_WRITE)
  const { confirmed, joints } = await verdict
  if (!confirmed) throw new Error(`the stop was not confirmed: ${JSON.stringify(joints)}`)
  const ended = await Promise.all(outcomes)
  checkDone('canceled', ended.filter(({ status }) => status === 'canceled').length, live)
  robot.reset()
  return ((packet?.at ?? Number.NaN) - called) * 1000
}

async function stopPacket({ divisor }: Effort): Promise<Row[]> {
  const arm = await sixServos()
  const samples = divisor === 1 ? 50 : 3
  const acts = ['disarm', 'stop'] as const
  const alone: number[] = []
  const among: number[] = []
  // The first calls of a process are not what a robot that has run for a while does; they are not counted.
  for (let i = 0; i < 3; i++) for (const act of acts) await toThePacket(arm, act, 0)
  for (let i = 0; i < samples; i++) {
    const act = acts[i % 2] ?? 'stop'
    alone.push(await toThePacket(arm, act, 0))
    among.push(await toThePacket(arm, act, MANY / divisor))
  }
  await arm.robot.close()
  const name = 'disarm or stop to the stop packet'
  const ratio = median(among) / median(alone)
  const each = among.map((us, i) => us / (alone[i] ?? Number.NaN))
  return [
    figure('G4', `${name}, p50`, 100, 'us', quantile(alone, 0.5), alone),
    figure('G4', `${name}, p99`, 1000, 'us', quantile(alone, 0.99), alone),
    figure('G4', `${name}, p99 with ${MANY / divisor} live`, 1000, 'us', quantile(among, 0.99), among),
    figure('G4', `${name}, ${MANY / divisor} live against none`, 1.5, 'x', ratio, each),
  ]
}

/** Milliseconds from the disarm until the last of `LIVE` commands has heard of it. */
async function interruptHandlers(): Promise<TimedSide> {
  const { robot, begin, stop, stopped, heard } = await waitingRobot(LIVE, { subscribed: true })
  return async () => {
    const outcomes = await begin(LIVE)
    heard.expect(LIVE)
    const called = performance.now()
    await stop(outcomes)
    checkDone('handlers', heard.count, LIVE)
    await stopped()
    checkDone('live', robot.runs().length, 0)
    return heard.lastAt - called
  }
}

/** The same handlers in a plain set of callbacks. */
async function plainCallbacks(): Promise<number> {
  const heard = new Hearing()
  const callbacks = new Set<() => void>()
  const ended = Array.from(
    { length: LIVE },
    (_, x) => new Promise<number>((resolve) => callbacks.add(heard.handler(() => resolve(x)))),
  )
  await settled()
  heard.expect(LIVE)
  const called = performance.now()
  for (const callback of callbacks) callback()
  await Promise.all(ended)
  checkDone('callbacks', heard.count, LIVE)
  return heard.lastAt - called
}

/** Milliseconds from the disarm until the last of `LIVE` callers has its answer. */
async function callersAnswered(): Promise<TimedSide> {
  const { robot, begin, stop, stopped } = await waitingRobot(LIVE, { subscribed: true })
  return async () => {
    const outcomes = await begin(LIVE)
    const ms = await took(() => stop(outcomes))
    await stopped()
    checkDone('live', robot.runs().length, 0)
    return ms
  }
}

const never = fromPromise(() => new Promise(() => {}))

/** Milliseconds until as many bare XState actors with a subscriber each are stopped, and their subscribers told. */
async function actorsStopped(): Promise<number> {
  let told = 0
  const actors = Array.from({ length: LIVE }, () => createActor(never))
  for (const actor of actors) {
    actor.subscribe({ complete: () => told++, error() {} })
    actor.start()
  }
  await settled()
  const ms = await took(async () => {
    for (const actor of actors) actor.stop()
  })
  checkDone('subscribers told', told, LIVE)
  return ms
}

async function interrupting({ rounds, divisor }: Effort): Promise<Row[]> {
  // Rounds are short: more of them make up for it.
  const times = divisor === 1 ? rounds * 11 : rounds
  const handlers = await ratioOf(await interruptHandlers(), plainCallbacks, times)
  const callers = await ratioOf(await callersAnswered(), actorsStopped, times)
  return [
    atMost('G4', `all interrupt handlers of ${LIVE} live against plain callbacks`, 5, handlers),
    atMost('G4', `all callers of ${LIVE} live answered against stopping bare actors`, 0.1, callers),
  ]
}

/** G4: how fast a stop is out, and how fast everybody knows. */
export async function g4(effort: Effort): Promise<Row[]> {
  return [...(await stopPacket(effort)), ...(await interrupting(effort))]
}
