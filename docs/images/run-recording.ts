import { readFile } from 'node:fs/promises'
import { type Clock, type Handle, type Outcome, type RobotEvent, start } from 'tendon'
import { playback, type Simulation, simulated, simulationOf } from 'tendon/sim'
import { type MemoryLink, memoryLink, VirtualClock } from 'tendon/testing'
import arm from '../../robots/so101/robot.ts'
import story, { initial, type Stage } from '../../robots/so101/story.ts'

/** The registers of all servos at one instant. */
export interface Sample {
  /** Seconds since the run began. */
  readonly at: number
  /** Joint angles, from the position registers. */
  readonly degrees: readonly number[]
  /** Whether any torque register is on. */
  readonly powered: boolean
}

/** One run of a command, from its two events. */
export interface Span {
  readonly command: string
  readonly from: number
  readonly to: number
  readonly ended: string
}

/** A whole run of the story, as registers and events have it. */
export interface RunRecording {
  readonly joints: readonly string[]
  readonly samples: readonly Sample[]
  readonly spans: readonly Span[]
  readonly stops: readonly Mark[]
  /** When it was armed and disarmed, verified. */
  readonly safety: readonly (Mark & { readonly state: 'armed' | 'disarmed' })[]
}

interface Mark {
  readonly at: number
}

const PERIOD = 0.02
const COMPASS = new URL('../../robots/so101/recordings/heading.log', import.meta.url)

/** Plays the story of the SO-101 on a virtual clock, so that the same code always makes the same picture. */
export async function recordRun(): Promise<RunRecording> {
  const clock = new VirtualClock()
  const heading = playback({ bytes: await readFile(COMPASS), baudRate: 4800, loop: true })
  const lab = memoryLink()
  const definition = simulated(arm, { initial, sensors: { heading }, links: { lab } })
  const sim = simulationOf(definition)
  const robot = await clock.run(start(definition, { clock }))
  const begin = clock.now()
  const samples: Sample[] = []
  const endSampling = sampleEach(PERIOD, clock, () => samples.push(sampleOf(sim, clock.now() - begin)))
  await clock.run(story({ robot, sim, stage: silentStage(robot, sim, lab.say) }))
  await clock.advance(0.5)
  endSampling()
  const events = robot.log.entries()
  await clock.run(robot.close())
  return {
    joints: sim.servos.map(({ joint }) => joint),
    samples,
    spans: spansOf(events, begin),
    stops: stopsOf(events, begin),
    safety: safetyOf(events, begin),
  }
}

function sampleOf({ servos }: Simulation, at: number): Sample {
  return {
    at,
    // No joint of this arm has a gear, an offset or another direction: 2048 is zero, and a turn has 4096 steps.
    degrees: servos.map((servo) => ((servo.read('presentPosition') - 2048) * 360) / 4096),
    powered: servos.some((servo) => servo.read('torqueEnable') === 1),
  }
}

function sampleEach(period: number, clock: Clock, take: () => void): () => void {
  const tick = (): void => {
    take()
    timer = clock.after(period, tick)
  }
  let timer = clock.after(0, tick)
  return () => timer.cancel()
}

/** A stage that shows nothing, and ends the story all the same when something is not so. */
function silentStage(robot: Stage['robot'], sim: Simulation, say: MemoryLink['say']): Stage {
  const run = <R>(handle: Handle<R, unknown>): Promise<Outcome<R>> => handle.result()
  return {
    robot,
    sim,
    run,
    must: (handle) => handle.value(),
    say() {},
    publish: async (topic, value) => say(topic, value),
    async arm() {
      const verdict = await robot.arm()
      if (!verdict.armed) throw new Error(verdict.problems.map(({ what }) => what).join(' '))
    },
    verdict() {},
    check(holds, sentence) {
      if (!holds) throw new Error(sentence)
    },
  }
}

function spansOf(events: readonly RobotEvent[], begin: number): Span[] {
  return events.flatMap((event) => {
    if (event.type !== 'started') return []
    const end = events.find((other) => other.type === 'ended' && other.run === event.run)
    if (end?.type !== 'ended') return []
    return [{ command: event.command, from: event.at - begin, to: end.at - begin, ended: end.status }]
  })
}

function safetyOf(events: readonly RobotEvent[], begin: number): RunRecording['safety'] {
  return events.flatMap((event) =>
    event.type === 'safety' && (event.to === 'armed' || event.to === 'disarmed')
      ? [{ at: event.at - begin, state: event.to }]
      : [],
  )
}

function stopsOf(events: readonly RobotEvent[], begin: number): Mark[] {
  return events.filter(({ type }) => type === 'latched').map(({ at }) => ({ at: at - begin }))
}
