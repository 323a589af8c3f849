import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from 'tendon'
import type { EmbeddedBroker } from 'tendon/broker'
import { type Simulation, simulated, simulationOf } from 'tendon/sim'
import { playedCompass } from './compass.ts'
import { beginFaults, faultsOf } from './faults.ts'
import { importFile, type LoadedRobot } from './load-robot.ts'
import { clockOf, type SimOptions, seedOf } from './sim-settings.ts'

/** Where the joints are at first, by name, in radians. */
export type Pose = Readonly<Record<string, number>>

/** A robot behind simulated hardware, and the world around it. */
export interface SimulatedWorld {
  readonly definition: LoadedRobot['definition']
  readonly simulation: Simulation
  readonly clock: Clock
  /** What stands around the robot, for people: `a compass (heading.log) on a serial port`. */
  readonly instruments: readonly string[]
  /** The broker behind every link of the robot, where it has any. */
  readonly broker: EmbeddedBroker | undefined
  /** Begins what its instruments say. */
  begin(): void
  close(): Promise<void>
}

/**
 * Puts a robot behind its simulated buses, its links behind a broker in this process, and its compass behind a recording.
 * `initial`: its pose; default that of its story. Throws a `UsageError` for wrong settings.
 */
export async function simulatedWorld(
  loaded: LoadedRobot,
  options: SimOptions,
  initial?: Pose,
): Promise<SimulatedWorld> {
  const [clock, seed, faults] = [clockOf(options), seedOf(options), faultsOf(options.fault)]
  const { definition, folder } = loaded
  const { links = {}, sensors } = definition.hardware
  const pose = initial ?? (await poseOfStory(folder))
  const recordings = join(folder, 'recordings')
  const compass = 'heading' in sensors && existsSync(recordings) ? await playedCompass(recordings) : undefined
  const names = Object.keys(links)
  const broker = names.length > 0 ? await (await import('tendon/broker')).embeddedBroker() : undefined
  const close = async (): Promise<void> => {
    await compass?.close()
    await broker?.close()
  }
  try {
    const made = simulated(definition, {
      seed,
      ...(pose && { initial: pose }),
      ...(compass && { sensors: { heading: compass.port } }),
      ...(broker && { links: Object.fromEntries(names.map((name) => [name, broker.link()])) }),
    })
    const simulation = simulationOf(made)
    // Before anything is opened: a joint that is not there is the command line's fault.
    const endFaults = beginFaults(simulation, clock, faults)
    return {
      definition: made,
      simulation,
      clock,
      instruments: [
        ...(compass ? [`a compass (${compass.recording}) on a serial port`] : []),
        ...(broker ? [`a broker at ${broker.url} for ${names.join(', ')}`] : []),
      ],
      broker,
      begin: () => compass?.play(clock),
      close: async () => {
        endFaults()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function poseOfStory(folder: string): Promise<Pose | undefined> {
  const story = join(folder, 'story.ts')
  if (!existsSync(story)) return undefined
  return ((await importFile(story)) as { initial?: Pose }).initial
}
