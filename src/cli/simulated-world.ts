import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from 'tendon'
import { simulated, simulationOf } from 'tendon/sim'
import { playedCompass } from './compass.ts'
import { beginFaults, faultsOf } from './faults.ts'
import { importFile, type LoadedRobot } from './load-robot.ts'
import { clockOf, type SimOptions, seedOf } from './sim-settings.ts'

/** A robot behind simulated hardware, and the world around it. */
export interface SimulatedWorld {
  readonly definition: LoadedRobot['definition']
  readonly clock: Clock
  /** Begins what its instruments say. */
  begin(): void
  close(): Promise<void>
}

/** Puts a robot behind its simulated buses, posed as its story finds it. Throws a `UsageError` for wrong settings. */
export async function simulatedWorld(loaded: LoadedRobot, options: SimOptions): Promise<SimulatedWorld> {
  const [clock, seed, faults] = [clockOf(options), seedOf(options), faultsOf(options.fault)]
  const { definition, folder } = loaded
  const recordings = join(folder, 'recordings')
  const compass =
    'heading' in definition.hardware.sensors && existsSync(recordings) ? await playedCompass(recordings) : undefined
  const initial = await initialPose(folder)
  const made = simulated(definition, {
    seed,
    ...(initial && { initial }),
    ...(compass && { sensors: { heading: compass.port } }),
  })
  // Before anything is opened: a joint that is not there is the command line's fault.
  const endFaults = beginFaults(simulationOf(made), clock, faults)
  return {
    definition: made,
    clock,
    begin: () => compass?.play(clock),
    close: async () => {
      endFaults()
      await compass?.close()
    },
  }
}

async function initialPose(folder: string): Promise<Readonly<Record<string, number>> | undefined> {
  const story = join(folder, 'story.ts')
  if (!existsSync(story)) return undefined
  return ((await importFile(story)) as { initial?: Readonly<Record<string, number>> }).initial
}
