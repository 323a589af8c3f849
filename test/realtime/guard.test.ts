import type { GuardRecord } from 'tendon'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  bundle,
  histogram,
  isRunning,
  type Line,
  line,
  now,
  place,
  type RobotProgram,
  robot,
  twin,
  type Wake,
} from './guard-rig.ts'

const ROUNDS = 20
/** Rounds of one scenario that may be void. */
const MOST_VOID = 4
/**
 * A quarter of the smallest bound: between a kill and the frames several processes wake up one after the other (the dying
 * one, its guard, this one), each as late as the machine makes them.
 */
const STALL_MS = 5
const KILL_MS = 20
const LIMIT_MS = 100
/** A program whose guard is gone. */
const LOST_MS = 100
/** Ten beats that nobody answers, and the act. */
const DEAF_MS = 300
const CAST = 4
const LONG = 400_000

/** What is done to a program in mid-motion, and by when the first stop frame must be at the servos. */
interface Scenario {
  readonly how: string
  readonly bound: number
  readonly lines?: number
  readonly flags?: readonly string[]
  /** Killed while it is armed, not in mid-motion. */
  readonly arming?: boolean
  /** Does the deed; gives its time. */
  act(program: RobotProgram, lines: readonly Line[]): number | Promise<number>
  /** Who sends the frames: the program itself, or its guard. */
  readonly by: 'guard' | 'program' | 'nobody'
}

const acting = async (program: RobotProgram): Promise<number> => {
  program.tell('act')
  return (await program.until('acting')).at
}
const signal = (to: (program: RobotProgram) => number, name: NodeJS.Signals) => (program: RobotProgram) => {
  const at = now()
  process.kill(to(program), name)
  return at
}
const guardOf = (program: RobotProgram): number => program.guards()[0] as number

const scenarios: Readonly<Record<string, Scenario>> = {
  'kill -9': { how: 'kill', bound: KILL_MS, by: 'guard', act: signal(({ pid }) => pid, 'SIGKILL') },
  'kill -9 of the whole group': {
    how: 'kill',
    bound: KILL_MS,
    by: 'guard',
    act: signal(({ pid }) => -pid, 'SIGKILL'),
  },
  'kill -9 while it arms': {
    how: 'kill',
    bound: KILL_MS,
    by: 'guard',
    arming: true,
    act: (program, [first]) => killedOncePowered(program, first as Line),
  },
  'kill -9 of a program with two robots': {
    how: 'kill',
    bound: KILL_MS,
    lines: 2,
    by: 'guard',
    act: signal(({ pid }) => pid, 'SIGKILL'),
  },
  'process.exit': { how: 'exit', bound: KILL_MS, by: 'guard', act: acting },
  SIGSTOP: { how: 'stop', bound: LIMIT_MS + KILL_MS, by: 'guard', act: signal(({ pid }) => pid, 'SIGSTOP') },
  'a body that spins': { how: 'spin', bound: LIMIT_MS + KILL_MS, by: 'guard', act: acting },
  'a control tick that stands still in a program that goes on': {
    how: 'tick',
    bound: LIMIT_MS + KILL_MS,
    by: 'guard',
    act: acting,
  },
  'out of memory': {
    how: 'memory',
    bound: LIMIT_MS + KILL_MS,
    flags: ['--max-old-space-size=32'],
    by: 'guard',
    act: acting,
  },
  'the guard killed': { how: 'guard', bound: LOST_MS, by: 'program', act: signal(guardOf, 'SIGKILL') },
  'the guard stopped, so that nobody empties its pipe': {
    how: 'guard',
    bound: DEAF_MS,
    by: 'program',
    act: signal(guardOf, 'SIGSTOP'),
  },
  'kill -9 and the cable pulled at the same time': {
    how: 'kill',
    bound: Number.POSITIVE_INFINITY,
    by: 'nobody',
    act: async (program, [first]) => {
      const at = now()
      process.kill(program.pid, 'SIGKILL')
      await (first as Line).unplug()
      return at
    },
  },
}

/** Kills it at the moment at which the first servo has power. */
async function killedOncePowered(program: RobotProgram, { listeners, sim }: Line): Promise<number> {
  let at = Number.NaN
  const look = (): void => {
    if (!sim.servos.some(({ powered }) => powered)) return
    listeners.delete(look)
    at = now()
    process.kill(program.pid, 'SIGKILL')
  }
  listeners.add(look)
  program.tell('arm')
  await program.exited()
  if (Number.isNaN(at)) throw new Error(`it ended before a servo had power: ${program.all()}`)
  return at
}

/** One scenario of one round, when all is over. */
interface Found {
  readonly program: RobotProgram
  readonly lines: readonly Line[]
  readonly guards: readonly number[]
  readonly at: number
  /** Where pan and elbow were then, in raw steps, on each line. */
  readonly places: readonly (readonly number[])[]
  readonly wake: Wake
  /** From the deed to the first stop frame, the latest of its lines. */
  readonly latency: number
  /** What its guards left, as text. */
  records: readonly string[]
}

const RAW = 4096 / (2 * Math.PI)
const raw = (angle: number): number => 2048 + angle * RAW

async function perform({ scenario, program, lines }: Part, probe: Twin): Promise<Found> {
  if (!scenario.arming) {
    program.tell('move')
    await program.until('moving')
  }
  const guards = program.guards()
  const places = lines.map(({ sim }) => [sim.servo('pan').angle, sim.servo('elbow').angle].map(raw))
  const [at, wake] = await Promise.all([scenario.act(program, lines), probe.wake()])
  const arrived = await Promise.all(lines.map((one) => firstStop(one, at, scenario.by === 'nobody' ? 0 : 1000)))
  const latency = Math.max(...arrived) - at
  return { program, lines, guards, at, places, wake, latency, records: [] }
}

/** When the first stop frame after this time arrived; never, when it takes longer than a second. */
async function firstStop(one: Line, after: number, patience: number): Promise<number> {
  for (const end = now() + patience; ; ) {
    const [first] = one.stops(after)
    if (first) return first.at
    if (now() >= end) return Number.POSITIVE_INFINITY
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

type Twin = ReturnType<typeof twin>

const isVoid = ({ wake }: Found): boolean => wake.byte > STALL_MS || wake.all > STALL_MS

const good = new Map<string, Found[]>(Object.keys(scenarios).map((name) => [name, []]))
const voids = new Map<string, number>()
const wakes: Wake[] = []
const ends: (() => Promise<void> | void)[] = []

interface Part {
  readonly name: string
  readonly scenario: Scenario
  readonly lines: readonly Line[]
  readonly program: RobotProgram
}

async function began(name: string, program: string): Promise<Part> {
  const scenario = scenarios[name] as Scenario
  const lines = await Promise.all(Array.from({ length: scenario.lines ?? 1 }, () => line()))
  const started = await robot(program, scenario.how, lines, scenario.flags)
  // Whatever fails further down, no program outlives the file.
  ends.push(started.end)
  return { name, scenario, lines, program: started }
}

async function prepared({ program, scenario }: Part): Promise<void> {
  await program.until('up')
  if (scenario.arming) return
  program.tell('arm')
  await program.until('armed')
}

/**
 * A few programs start together, for starting takes longest; what is done to them is done one after the other. More of
 * them would be a load that is measured too.
 */
async function round(program: string, names: readonly string[], probe: Twin): Promise<void> {
  probe.roundBegins()
  const cast = await Promise.all(names.map((name) => began(name, program)))
  const ready = await Promise.allSettled(cast.map(prepared))
  const failed = ready.some(({ status }) => status === 'rejected')
  // What starting costs is the doing of this round itself, unless something came of it.
  if (!failed) probe.roundBegins()
  const found: [part: Part, found: Found][] = []
  for (const [index, part] of cast.entries()) {
    const { reason } = ready[index] as PromiseRejectedResult
    const one = reason ?? (await perform(part, probe).catch((error: unknown) => error))
    if ('latency' in one) found.push([part, one])
    else await tooSoon(part, one, probe)
  }
  for (const [part, one] of found) await judge(part, one)
  for (const { program, lines } of cast) {
    await program.end()
    for (const each of lines) await each.close()
  }
}

/** A program did not get as far as its deed: a guard that took a stall of the machine for one of the program, or a bug. */
async function tooSoon({ name }: Part, error: unknown, probe: Twin): Promise<void> {
  const { all } = await probe.wake()
  if (all <= STALL_MS) throw error
  voids.set(name, (voids.get(name) ?? 0) + 1)
}

async function judge({ name, scenario }: Part, one: Found): Promise<void> {
  wakes.push(one.wake)
  await settled(scenario, one)
  const isLate = scenario.by !== 'nobody' && !(one.latency <= scenario.bound)
  if (isLate && isVoid(one)) voids.set(name, (voids.get(name) ?? 0) + 1)
  else good.get(name)?.push(one)
}

/** Until the frames of the whole will have come, or the program has its verdict, and every guard has ended. */
async function settled(scenario: Scenario, found: Found): Promise<void> {
  const { program, guards } = found
  if (scenario.by === 'program') {
    await program.until('verdict')
    return
  }
  await program.exited()
  for (const end = now() + 3000; guards.some(isRunning) && now() < end; )
    await new Promise((resolve) => setTimeout(resolve, 20))
  // What the last of them wrote may still be on its way into this process.
  await new Promise((resolve) => setTimeout(resolve, 20))
  found.records = program.records()
}

beforeAll(async () => {
  const began = now()
  // What is late in here would be measured as late out there. What this process starts has the usual place.
  place(-10)
  const { program, remove } = await bundle()
  ends.push(remove)
  const probe = twin()
  ends.push(() => void probe.end())
  await probe.wake()
  const names = Object.keys(scenarios)
  for (let i = 0; i < ROUNDS; i++)
    for (let first = 0; first < names.length; first += CAST)
      await round(program, names.slice(first, first + CAST), probe)
  // What a stall of the machine has made void is done again, so that every scenario has its rounds.
  for (let again = 0; again < MOST_VOID; again++) {
    const short = names.filter((name) => (good.get(name)?.length ?? 0) < ROUNDS)
    if (short.length > 0) await round(program, short, probe)
  }
  for (const [name, { bound, by }] of Object.entries(scenarios)) {
    if (by === 'nobody') continue
    const edges = bound === KILL_MS ? [5, 8, 10, 15, 20] : [90, 100, 105, 110, 120, 300]
    const latencies = (good.get(name) ?? []).map(({ latency }) => latency)
    console.log(histogram(`${name} (bound ${bound} ms, void ${voids.get(name) ?? 0})`, latencies, edges))
  }
  const late = wakes.map(({ byte, timer }) => Math.max(byte, timer))
  console.log(histogram('the twin that only wakes up', late, [1, 2, 5, 10, 20]))
  console.log(`${ROUNDS} rounds took ${((now() - began) / 1000).toFixed(0)} s`)
}, LONG)

afterAll(async () => {
  for (const end of ends) await end()
})

const roundsOf = (name: string): readonly Found[] => good.get(name) ?? []
const named = (want: (scenario: Scenario) => boolean): string[] =>
  Object.entries(scenarios).flatMap(([name, scenario]) => (want(scenario) ? [name] : []))
const byGuard = named(({ by }) => by === 'guard')
const inMotion = named(({ by, arming }) => by === 'guard' && !arming)

describe.each(named(({ by }) => by !== 'nobody'))('%s', (name) => {
  const { bound } = scenarios[name] as Scenario
  it(`the first stop frame is at the servos within ${bound} ms, in each of ${ROUNDS} rounds`, () => {
    expect(voids.get(name) ?? 0).toBeLessThanOrEqual(MOST_VOID)
    const late = roundsOf(name).filter(({ latency }) => !(latency <= bound))
    expect(late.map(({ latency, wake, program }) => ({ latency, wake, all: program.all() }))).toEqual([])
    expect(roundsOf(name).length).toBeGreaterThanOrEqual(ROUNDS)
  })
})

describe('what a guard does', () => {
  it.each(byGuard)('%s: the program is there no more, and only the will comes after it, whole', async (name) => {
    for (const { program, lines, at, records } of roundsOf(name)) {
      const { signal: endedBy } = (await program.exited()) ?? {}
      if (!['process.exit', 'out of memory'].includes(name)) expect(endedBy).toBe('SIGKILL')
      for (const [index, one] of lines.entries()) {
        expect(one.stops(at)).toHaveLength(scenarios[name]?.arming ? 3 : 6)
        // Nobody else is left to write: from the first frame on there are the copies of the will, and nothing.
        const { wrote } = JSON.parse(records[index] as string) as GuardRecord
        const will = wrote.map(({ bytes }) => bytes.repeat(3)).join('')
        const came = one.hex(at)
        expect(came.slice(came.indexOf(wrote[0]?.bytes as string))).toBe(will)
      }
    }
  })

  it.each(inMotion)('%s: cut is off at once, park is off after the cap, hold goes on holding', (name) => {
    for (const { lines, at } of roundsOf(name))
      for (const one of lines) {
        const torques = one.stops(at).map(({ torque }) => torque)
        const halt = { 1: 1, 2: 1, 3: 0 }
        // Not a word about the one that holds: a person may have switched it off meanwhile.
        const off = { 1: 0, 3: 0 }
        expect(torques).toEqual([halt, halt, halt, off, off, off])
        expect(one.sim.servos.map(({ powered }) => powered)).toEqual([false, true, false])
      }
  })

  it.each(inMotion)('%s: the joint in motion is frozen where it was less than 50 ms before the last tick', (name) => {
    // 60 degrees/s for 50 ms, and for the tick of 20 ms that may have passed since, and 2 ms for the reading itself.
    const furthest = (60 / 360) * 4096 * 0.072
    for (const { lines, places, at } of roundsOf(name))
      for (const [index, one] of lines.entries()) {
        const frozen = one.stops(at)[0]?.position[1] as number
        const then = places[index]?.[0] as number
        expect(Math.abs(then - frozen)).toBeLessThan(furthest)
      }
  })

  it('a program that is killed while it arms leaves no servo with power', () => {
    for (const { lines } of roundsOf('kill -9 while it arms'))
      for (const one of lines) expect(one.sim.servos.map(({ powered }) => powered)).toEqual([false, false, false])
  })

  it.each(byGuard)('%s: leaves a record of what it wrote and why', (name) => {
    const { bound } = scenarios[name] as Scenario
    for (const { program, lines, records, latency } of roundsOf(name)) {
      expect(records).toHaveLength(lines.length)
      for (const [index, text] of records.entries()) {
        const record = JSON.parse(text)
        expect(record).toMatchObject({ robot: `robot${index}`, bus: 'servos', pid: program.pid, gone: true })
        // A program that takes longer than the limit to end, or to run out of memory, is both.
        const isBoth = name === 'out of memory' || (bound === KILL_MS && latency >= LIMIT_MS)
        if (!isBoth) expect(record.why).toBe(bound === KILL_MS ? 'ended' : 'stalled')
        for (const deed of record.wrote) expect(deed).toMatchObject({ copies: 3 })
      }
    }
  })

  it('with the cable out at the same time, it says how much the port took, and ends', () => {
    const rounds = roundsOf('kill -9 and the cable pulled at the same time')
    const troubles = rounds.flatMap(({ guards, records }) => {
      expect(guards.filter(isRunning)).toEqual([])
      const { gone, wrote } = JSON.parse(records[0] as string) as GuardRecord
      expect(gone).toBe(true)
      // Either the frames were quicker than the hand at the plug, or there was no port any more.
      for (const { copies, trouble } of wrote) expect(copies === 3 ? undefined : 'EIO').toBe(trouble)
      return wrote.flatMap(({ trouble }) => trouble ?? [])
    })
    expect(troubles.length).toBeGreaterThan(rounds.length)
  })
})

describe('a program whose control tick stands still', () => {
  it('had turned its event loop all the while: only the tick counts', () => {
    for (const { program, at } of roundsOf('a control tick that stands still in a program that goes on')) {
      const turns = program.said.filter(({ event }) => event === 'alive').map((alive) => alive.at - at)
      expect(turns.at(-1)).toBeGreaterThan(50)
    }
  })
})

describe.each(named(({ by }) => by === 'program'))('%s', (name) => {
  it('is a fault of its own code, and the program disarms itself, confirmed', () => {
    for (const { program, lines } of roundsOf(name)) {
      expect(program.said.find(({ event }) => event === 'fault')?.code).toBe('TENDON_GUARD_LOST')
      expect(program.said.find(({ event }) => event === 'verdict')?.confirmed).toBe(true)
      for (const one of lines) expect(one.sim.servos.map(({ powered }) => powered)).toEqual([false, true, false])
    }
  })
})
