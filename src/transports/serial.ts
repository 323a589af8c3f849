import { writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import type { SerialPort } from 'serialport'
import { badArgument } from '../base/argument.ts'
import { type Clock, type Timer, within } from '../base/clock.ts'
import { type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Seconds } from '../base/units.ts'
import type { ByteConnection, ByteTransport, DeviceEnv, Unsubscribe } from '../device/transport.ts'
import { LinkListeners } from './link-listeners.ts'
import { addressOf, findPort, type PortAddress } from './port-address.ts'
import { faultReason, portFault } from './port-fault.ts'
import { openProblem } from './port-problem.ts'

export type { PortAddress } from './port-address.ts'
export type { PortHolder } from './port-holder.ts'
export { type ListPortsOptions, listPorts, type PortInfo } from './port-list.ts'

/** How a port is used, whatever it is called. */
export interface SerialSettings {
  /** Bits per second. */
  readonly baudRate: number
  /** Asks USB adapters to hand over bytes at once instead of every 16 ms (FTDI's default). Default true. */
  readonly lowLatency?: boolean | undefined
  /**
   * Whether nobody else may have the port open meanwhile. Default true. `false` also opens a port that another program
   * holds, to switch servos off when that program hangs: never for anything that reads or moves.
   */
  readonly lock?: boolean | undefined
  /** How long opening, and how long closing, may take at most. Default 3 s. */
  readonly patience?: Seconds | undefined
}

/** Which port, by its `path` or by the `serialNumber` of its adapter, exactly one of them, and how it is used. */
export type SerialOptions = SerialSettings & PortAddress

/** A serial port. The serial number is there where the definition names one. */
export interface SerialTransport extends ByteTransport {
  readonly serialNumber?: string | undefined
}

type SetOptions = Parameters<SerialPort['set']>[0]

/** How often an idle port is asked whether its adapter is still there. */
const PULSE: Seconds = 0.1
/** The addon knows this flag on Linux; the type declarations of the library do not. */
const LOW_LATENCY = { lowLatency: true } as SetOptions

/**
 * A serial port (8N1). Needs the optional package `serialport`, which is loaded at the first `open`.
 * `open` rejects with `TENDON_MODULE_MISSING`, with `TENDON_PORT_BUSY`, `_DENIED`, `_MISSING`, `_AMBIGUOUS` or
 * `_NOT_A_TTY`, or with `TENDON_PORT_OPEN_FAILED` when it is none of these. Throws `TENDON_ARGUMENT_INVALID` where both
 * or neither of `path` and `serialNumber` is given.
 */
export function serial(options: SerialOptions): SerialTransport {
  const { path, serialNumber, baudRate } = options
  if ((path === undefined) === (serialNumber === undefined))
    throw badArgument('serial()', 'port', path ?? serialNumber, 'a path or a serialNumber, and not both')
  return {
    kind: 'serial',
    address: addressOf(options),
    ...(serialNumber !== undefined && { serialNumber }),
    baudRate,
    needsGuard: true,
    open: (env) => openSerial(options, env),
  }
}

async function openSerial(options: SerialOptions, env: DeviceEnv): Promise<ByteConnection> {
  const { SerialPort } = await loadSerialport()
  const { baudRate, lock = true, patience = 3 } = options
  const path = await findPort(options)
  // A new object for each link: a closed SerialPort keeps what is written to it and sends it when it opens again.
  const port = new SerialPort({ path, baudRate, lock, autoOpen: false })
  port.on('error', () => {}) // Until the connection listens: an unheard error event would end the process.
  const opened = new Promise<unknown>((resolve) => port.open((error) => resolve(error ?? undefined)))
  const tooLate = Symbol('too late')
  const failure = await within(env.clock, patience, opened, () => tooLate)
  if (failure !== undefined) {
    if (failure !== tooLate) throw new TendonError(await openProblem(path, failure))
    closeWhenOpened(port, opened)
    const reason = `it did not open within ${patience} s`
    throw new TendonError(problem('TENDON_PORT_OPEN_FAILED', { port: path, reason, kind: 'unknown' }))
  }
  // Not every adapter knows this, and none needs it to work: a refusal is ignored.
  if (options.lowLatency !== false) port.set(LOW_LATENCY, () => {})
  return new SerialConnection(port, path, env.clock, patience)
}

async function loadSerialport(): Promise<typeof import('serialport')> {
  try {
    return await import('serialport')
  } catch (thrown) {
    throw new TendonError(problem('TENDON_MODULE_MISSING', { module: 'serialport', need: 'A serial port' }, thrown))
  }
}

/** A port that opens after we gave up must not stay open, or nobody could open it again. */
function closeWhenOpened(port: SerialPort, opened: Promise<unknown>): void {
  void opened.then((error) => {
    if (error === undefined) port.close(() => {})
  })
}

class SerialConnection implements ByteConnection {
  readonly #port: SerialPort
  readonly #path: string
  readonly #clock: Clock
  readonly #patience: Seconds
  readonly #listeners = new LinkListeners()
  readonly #fd: number | undefined
  #open = true
  #pulse: Timer | undefined
  #telling: Timer | undefined
  #freed: Promise<void> | undefined

  constructor(port: SerialPort, path: string, clock: Clock, patience: Seconds) {
    this.#port = port
    this.#path = path
    this.#clock = clock
    this.#patience = patience
    this.#fd = descriptorOf(port)
    port.on('data', (chunk: Buffer) => {
      if (this.#open) this.#listeners.bytes(chunk)
    })
    // After an unplug `close` can come twice, the first time without an error; only the first counts.
    port.on('close', (error?: Error | null) => this.#lose(error))
    port.on('error', (error) => this.#lose(error))
    this.#watch()
  }

  get isOpen(): boolean {
    return this.#open
  }

  get descriptor(): number | undefined {
    return this.#open ? this.#fd : undefined
  }

  /**
   * Straight to the system where the port has a descriptor: through the library a write goes to the thread pool, where
   * a stop frame would wait behind slow disk work and would be lost when the process exits.
   */
  write(bytes: Uint8Array): void {
    if (!this.#open || !this.#port.isOpen) throw this.#closed()
    // What the system did not take at once is queued in the library; later bytes must not overtake it.
    const direct = this.#fd !== undefined && this.#port.writableLength === 0
    const written = direct ? this.#writeNow(this.#fd as number, bytes) : 0
    if (written === bytes.length) return
    const rest = Buffer.from(bytes.subarray(written))
    this.#port.write(rest, (error) => {
      if (error) this.#lose(error)
    })
  }

  onBytes(listener: (chunk: Uint8Array) => void): Unsubscribe {
    return this.#listeners.onBytes(listener)
  }

  onLost(listener: (problem: Problem) => void): Unsubscribe {
    return this.#listeners.onLost(listener)
  }

  /** Never drains: after an unplug a drain does not return. */
  close(): Promise<void> {
    this.#open = false
    this.#listeners.clear()
    this.#telling?.cancel()
    return this.#free()
  }

  #writeNow(fd: number, bytes: Uint8Array): number {
    try {
      return writeSync(fd, bytes)
    } catch (thrown) {
      if ((thrown as { code?: unknown }).code === 'EAGAIN') return 0
      this.#lose(thrown)
      throw this.#closed(thrown)
    }
  }

  /** An unplug is often not noticed until a write fails; a descriptor that is no terminal any more shows it earlier. */
  #watch(): void {
    const fd = this.#fd
    if (fd === undefined) return
    this.#pulse = this.#clock.after(PULSE, () => {
      if (isatty(fd)) this.#watch()
      else this.#lose(new Error('the adapter is disconnected'))
    })
  }

  #lose(thrown: unknown): void {
    if (!this.#open) return
    this.#open = false
    const reason = thrown ? faultReason(portFault(thrown), thrown) : 'it was closed from outside'
    const gone = problem('TENDON_LINK_LOST', { port: this.#path, reason }, thrown ?? undefined)
    // In a later turn: a write that fails must not call back into whoever is writing.
    this.#telling = this.#clock.turn(() => this.#listeners.lost(gone))
    void this.#free()
  }

  #free(): Promise<void> {
    this.#pulse?.cancel()
    this.#pulse = undefined
    this.#freed ??= within(this.#clock, this.#patience, closed(this.#port), () => undefined)
    return this.#freed
  }

  #closed(cause?: unknown): TendonError {
    return new TendonError(problem('TENDON_LINK_CLOSED', { port: this.#path }, cause))
  }
}

function closed(port: SerialPort): Promise<void> {
  return new Promise((resolve) => {
    if (!port.isOpen) return resolve()
    port.close(() => resolve())
  })
}

/** On Linux and macOS the library shows the descriptor of the open port; on Windows there is none. */
function descriptorOf(port: SerialPort): number | undefined {
  const fd = (port.port as { fd?: unknown } | undefined)?.fd
  return typeof fd === 'number' && isatty(fd) ? fd : undefined
}
