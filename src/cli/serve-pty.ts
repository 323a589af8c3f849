import { lstatSync, symlinkSync, unlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Clock } from 'tendon'
import { openPty } from 'tendon/pty'
import { type FaultPlan, type ServedBus, type Simulation, serveOnPty } from 'tendon/sim'
import { exitCodes } from './exit-codes.ts'
import { beginFaults } from './faults.ts'
import type { Screen } from './screen.ts'
import { UsageError } from './usage-error.ts'

export interface ServeSettings {
  readonly clock: Clock
  readonly faults: readonly FaultPlan[]
  /** A path that stays the same from one time to the next; on a robot with several buses `-<bus>` is added. */
  readonly link?: string | undefined
}

/**
 * Serves the simulated buses on pseudo terminals until Ctrl-C or SIGTERM, one line each; gives the exit code. A bus of
 * transactions (I2C) has no place on a terminal and is passed over. Throws a `UsageError` where no bus has one.
 */
export async function servePty(world: Simulation, screen: Screen, settings: ServeSettings): Promise<number> {
  const { clock, faults, link } = settings
  const buses = world.busNames.filter((bus) => world.bus(bus).attach !== undefined)
  if (buses.length === 0)
    throw new UsageError('This robot has no serial bus for a terminal.', 'tendon sim, without --pty')
  const ended = endSignal()
  const endFaults = beginFaults(world, clock, faults)
  const served: ServedBus[] = []
  const links: Link[] = []
  try {
    for (const bus of buses) {
      const one = serveOnPty(world, bus, await openPty({ clock }), { clock })
      served.push(one)
      const path = link === undefined ? undefined : buses.length > 1 ? `${link}-${bus}` : link
      if (path !== undefined) links.push(makeLink(path, one.path))
      screen.fact('pty', { ...factsOf(one), link: path }, line(one, path))
    }
    await ended
  } finally {
    endFaults()
    for (const made of links) made.remove()
    for (const one of served) await one.close()
  }
  return exitCodes.done
}

const factsOf = ({ bus, path, baudRate, ids }: ServedBus): object => ({ bus, path, baudRate, ids })

const line = ({ bus, path, baudRate, ids }: ServedBus, link: string | undefined): string =>
  `${bus}: ${link ?? path}  (${link === undefined ? '' : `${path}, `}servos ${ids.join(' ')}, ${baudRate} baud; Ctrl-C ends)`

/** Resolves at the first signal that asks the program to end. */
function endSignal(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done())
    // Whoever read the path may be gone; the programs that use it are not.
    process.stdout.on('error', () => {})
  })
}

interface Link {
  remove(): void
}

/** Makes a link, in the place of an old one if need be. Throws a `UsageError` where something else is in its place. */
function makeLink(path: string, target: string): Link {
  const place = resolve(path)
  const there = lstatSync(place, { throwIfNoEntry: false })
  if (there && !there.isSymbolicLink())
    throw new UsageError(`${path} is there already, and is no link.`, 'tendon sim so101 --pty /tmp/so101')
  if (there) unlinkSync(place)
  symlinkSync(target, place)
  return { remove: () => unlinkSync(place) }
}
