import { type Clock, systemClock } from '../base/clock.ts'
import type { ByteConnection } from '../device/transport.ts'
import type { Simulation } from './simulation.ts'

/** A pseudo terminal, as `openPty` of `tendon/pty` gives it. */
export interface Terminal {
  /** What a program opens as its serial port. */
  readonly path: string
  /** The device's end, which stays open while programs come and go at the path. */
  readonly connection: ByteConnection
  close(): Promise<void>
}

export interface ServeOptions {
  /** The clock that the simulated servos live on. Default: that of this machine. */
  readonly clock?: Clock
}

/** A bus that programs can open. */
export interface ServedBus {
  readonly bus: string
  readonly path: string
  /** Bits per second at which the bytes are paced, whatever a program sets: a pty has no baud rate. */
  readonly baudRate: number
  /** Ids of the servos on it, as they are now. */
  readonly ids: readonly number[]
  /** Takes the servos off the line and frees the terminal. */
  close(): Promise<void>
}

/**
 * Puts the servos of one simulated bus on a pseudo terminal, for programs that know nothing of Tendon:
 * `serveOnPty(simulationOf(simulated(arm)), 'servos', await openPty())`. There is no runtime; the servos do what the
 * programs tell them, at the pace of the wire, and keep their registers from one program to the next. Servos hear a
 * program at any baud rate. Throws a `TendonError` for a bus that is not
 * there, and for one that is no serial line.
 */
export function serveOnPty(
  simulation: Simulation,
  bus: string,
  terminal: Terminal,
  { clock = systemClock }: ServeOptions = {},
): ServedBus {
  const line = simulation.bus(bus)
  const detach = simulation.attach(bus, terminal.connection, { clock }, { anyBaud: true })
  return {
    bus,
    path: terminal.path,
    baudRate: line.baudRate,
    get ids() {
      return line.servos.map(({ id }) => id)
    },
    close: async () => {
      detach()
      await terminal.close()
    },
  }
}
