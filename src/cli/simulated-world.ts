import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ByteTransport, Clock } from 'tendon'
import type { EmbeddedBroker } from 'tendon/broker'
import { type Simulation, simulated, simulationOf } from 'tendon/sim'
import { playedCompass } from './compass.ts'
import { beginFaults, faultsOf } from './faults.ts'
import { importFile, type LoadedRobot } from './load-robot.ts'
import { clockOf, type SimOptions, seedOf } from './sim-settings.ts'

/** Where the joints are at first, by name, in radians. */
export type Pose = Readonly<Record<string, number>>

/**
 * What a robot's folder may bring for its simulation, the default of a `world.ts` beside it: instruments that say what is
 * going on around the simulated servos.
 */
interface OwnWorld {
  /** Where sensors listen, by name. */
  readonly sensors: Readonly<Record<string, ByteTransport>>
  /** Begins to live, until the returned function is called. `publish` speaks through the broker behind the links. */
  begin(scene: {
    readonly sim: Simulation
    readonly clock: Clock
    publish(topic: string, value: unknown): unknown
  }): () => void
}

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
  const own = await ownWorld(folder)
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
      sensors: { ...(compass && { heading: compass.port }), ...own?.sensors },
      ...(broker && { links: Object.fromEntries(names.map((name) => [name, broker.link()])) }),
    })
    const simulation = simulationOf(made)
    // Before anything is opened: a joint that is not there is the command line's fault.
    const endFaults = beginFaults(simulation, clock, faults)
    let endOwn: (() => void) | undefined
    // What the world says while nobody is connected is lost, as it would be.
    const publish = (topic: string, value: unknown): void => void broker?.publish(topic, value).catch(() => {})
    return {
      definition: made,
      simulation,
      clock,
      instruments: [
        ...(compass ? [`a compass (${compass.recording}) on a serial port`] : []),
        ...(own ? [`a world of its own (${Object.keys(own.sensors).join(', ')})`] : []),
        ...(broker ? [`a broker at ${broker.url} for ${names.join(', ')}`] : []),
      ],
      broker,
      begin: () => {
        compass?.play(clock)
        endOwn ??= own?.begin({ sim: simulation, clock, publish })
      },
      close: async () => {
        endOwn?.()
        endFaults()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function ownWorld(folder: string): Promise<OwnWorld | undefined> {
  const file = join(folder, 'world.ts')
  return existsSync(file) ? ((await importFile(file)) as { default: OwnWorld }).default : undefined
}

async function poseOfStory(folder: string): Promise<Pose | undefined> {
  const story = join(folder, 'story.ts')
  if (!existsSync(story)) return undefined
  return ((await importFile(story)) as { initial?: Pose }).initial
}
