import { type LinkSpec, type RobotDefinition, type RobotEvent, start } from 'tendon'
import { onTestFinished } from 'vitest'
import type { ModelTypes } from '../../src/define/model-types.ts'
import type { CommandMap } from '../../src/define/script.ts'
import { simulated } from '../../src/sim/simulated.ts'
import { type BrokerKind, Stranger, type TestBroker } from './brokers.ts'

/** A broker, a stranger at it, and what a test wants to know of the world, all ended after the test. */
export async function lab(broker: BrokerKind) {
  const running = await broker.open()
  const stranger = await Stranger.at(running.url, { protocolVersion: broker.version })
  onTestFinished(async () => {
    await stranger[Symbol.asyncDispose]()
    await running[Symbol.asyncDispose]()
  })
  return { broker: running, stranger }
}

/** Starts the robot with `link` in the place of its link `lab`, on the clock of this machine; closed after the test. */
export async function boot<M extends ModelTypes, C extends CommandMap>(
  definition: RobotDefinition<M, C>,
  broker: Pick<TestBroker, 'link'> | LinkSpec,
) {
  const link = 'open' in broker ? broker : broker.link()
  const robot = await start(simulated(definition, { links: { lab: link } }))
  onTestFinished(async () => {
    await robot.close()
  })
  return robot
}

/** The next event that `wanted` accepts, or one that has been already. */
export function eventOf(
  robot: { readonly log: { entries(): RobotEvent[]; onAny(listener: (event: RobotEvent) => void): () => void } },
  wanted: (event: RobotEvent) => boolean,
): Promise<RobotEvent> {
  const known = robot.log.entries().find(wanted)
  if (known) return Promise.resolve(known)
  return new Promise((resolve) => {
    const off = robot.log.onAny((event) => {
      if (!wanted(event)) return
      off()
      resolve(event)
    })
  })
}
