import { accessSync, constants } from 'node:fs'
import { badArgument } from '../base/argument.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { describe, type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import {
  encodeI2cAnswer,
  type I2cAnswer,
  type I2cRecords,
  type I2cRequest,
  type I2cState,
  i2cRequests,
} from '../device/i2c-transaction.ts'
import type { ByteConnection, ByteTransport, DeviceEnv, Unsubscribe } from '../device/transport.ts'
import { chipDescriptor } from './i2c-descriptor.ts'
import { i2cProblem } from './i2c-problems.ts'
import { LinkListeners } from './link-listeners.ts'

/** The calls of the package `i2c-bus` that are used here. */
export interface I2cLibrary {
  openSync(bus: number): I2cLibraryBus
}

/** An open bus of that package. Its calls throw errors with the system's codes. */
export interface I2cLibraryBus {
  i2cWriteSync(address: number, length: number, buffer: Buffer): number
  i2cReadSync(address: number, length: number, buffer: Buffer): number
  /** Writes one byte and reads behind it without letting the bus go. At most 32 bytes. */
  readI2cBlockSync(address: number, command: number, length: number, buffer: Buffer): number
  closeSync(): void
}

export interface I2cOptions {
  /** The number of the adapter: 1 is `/dev/i2c-1`, the one on the header of a Raspberry Pi. */
  readonly bus: number
  /** In the place of the package `i2c-bus`. */
  readonly library?: I2cLibrary | undefined
}

/** What the system says when nobody answers at an address. */
const NACK = ['ENXIO', 'EREMOTEIO']
/** What it says when the adapter is gone. */
const GONE = ['ENODEV', 'ENOENT', 'EBADF', 'EPERM', 'EACCES']
/** A variable, so that compilers and bundlers do not look for a package that is optional. */
const PACKAGE = 'i2c-bus'

/**
 * An I2C bus of Linux as a stream of transactions (`i2c-transaction.ts` says how they are written). Each one has been
 * carried out when `write` returns, a stop too; that takes as long as the bus needs, about 0.1 ms a byte at 100 kHz and
 * a quarter of it at 400 kHz. Needs the optional package `i2c-bus`, which is loaded at the first `open`. `open` rejects
 * with `TENDON_MODULE_MISSING` or `TENDON_I2C_OPEN_FAILED`; that a chip is there shows only when one is asked. Throws
 * `TENDON_ARGUMENT_INVALID` for a bus that is no number of one.
 */
export function i2c(options: I2cOptions): ByteTransport {
  const { bus } = options
  if (!(Number.isInteger(bus) && bus >= 0)) throw badArgument('i2c()', 'bus', bus, 'a whole number, 0 or more')
  return { kind: 'i2c', address: pathOf(bus), needsGuard: true, open: (env) => openI2c(options, env) }
}

const pathOf = (bus: number): string => `/dev/i2c-${bus}`

async function openI2c({ bus, library }: I2cOptions, env: DeviceEnv): Promise<ByteConnection> {
  const { openSync } = library ?? (await loadLibrary())
  // The library opens the device with the first transaction only, and says nothing before.
  if (!library) checkAccess(pathOf(bus))
  return new I2cConnection(openSync(bus), pathOf(bus), env.clock)
}

async function loadLibrary(): Promise<I2cLibrary> {
  try {
    const loaded = (await import(PACKAGE)) as I2cLibrary & { readonly default?: I2cLibrary }
    return loaded.default ?? loaded
  } catch (thrown) {
    throw new TendonError(problem('TENDON_MODULE_MISSING', { module: PACKAGE, need: 'An I2C bus' }, thrown))
  }
}

function checkAccess(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
  } catch (thrown) {
    const code = codeOf(thrown)
    const kind = code === 'ENOENT' ? 'missing' : code === 'EACCES' || code === 'EPERM' ? 'denied' : 'unknown'
    const reasons = { missing: 'there is no such device', denied: 'this user may not', unknown: describe(thrown) }
    throw new TendonError(i2cProblem('TENDON_I2C_OPEN_FAILED', { bus: path, kind, reason: reasons[kind] }, thrown))
  }
}

class I2cConnection implements ByteConnection {
  readonly #bus: I2cLibraryBus
  readonly #path: string
  readonly #clock: Clock
  readonly #listeners = new LinkListeners()
  readonly #requests: I2cRecords
  #open = true
  /** The chip that this link speaks to; `several` once it was more than one. */
  #chip: number | 'several' | undefined
  #answers: Uint8Array[] = []
  #telling: Timer | undefined

  constructor(bus: I2cLibraryBus, path: string, clock: Clock) {
    this.#bus = bus
    this.#path = path
    this.#clock = clock
    this.#requests = i2cRequests((request) => this.#perform(request))
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** What is written to it goes to the chip that this link has spoken to; none while that was no chip, or several. */
  get descriptor(): number | undefined {
    if (!this.#open || typeof this.#chip !== 'number') return undefined
    return chipDescriptor(this.#bus, this.#chip, this.#path)
  }

  write(bytes: Uint8Array): void {
    if (!this.#open) throw new TendonError(problem('TENDON_LINK_CLOSED', { port: this.#path }))
    this.#requests.push(bytes)
  }

  onBytes(listener: (chunk: Uint8Array) => void): Unsubscribe {
    return this.#listeners.onBytes(listener)
  }

  onLost(listener: (problem: Problem) => void): Unsubscribe {
    return this.#listeners.onLost(listener)
  }

  async close(): Promise<void> {
    this.#listeners.clear()
    this.#telling?.cancel()
    this.#telling = undefined
    this.#answers = []
    this.#end()
  }

  #perform(request: I2cRequest): void {
    if (!this.#open) return
    const { tag, address } = request
    this.#chip = this.#chip === undefined || this.#chip === address ? address : 'several'
    const done = this.#attempt(request)
    if (!this.#open || tag === 0) return
    this.#answers.push(encodeI2cAnswer({ tag, address, ...done }))
    this.#telling ??= this.#clock.turn(() => this.#deliver())
  }

  #attempt(request: I2cRequest): Pick<I2cAnswer, 'state' | 'data'> {
    try {
      return { state: 'done', data: transact(this.#bus, request) }
    } catch (thrown) {
      if (GONE.includes(codeOf(thrown))) this.#lose(thrown)
      return { state: stateOf(thrown), data: new Uint8Array() }
    }
  }

  #deliver(): void {
    this.#telling = undefined
    for (const answer of this.#answers.splice(0)) this.#listeners.bytes(answer)
  }

  #lose(thrown: unknown): void {
    this.#end()
    this.#answers = []
    this.#telling?.cancel()
    const facts = { port: this.#path, reason: `the adapter is gone (${describe(thrown)})` }
    const gone = problem('TENDON_LINK_LOST', facts, thrown)
    this.#telling = this.#clock.turn(() => {
      this.#telling = undefined
      this.#listeners.lost(gone)
    })
  }

  #end(): void {
    if (!this.#open) return
    this.#open = false
    try {
      this.#bus.closeSync()
    } catch {
      // A device that is gone may refuse even that; its descriptor is gone with it.
    }
  }
}

function transact(bus: I2cLibraryBus, { address, read, write }: I2cRequest): Uint8Array {
  const data = Buffer.alloc(read)
  const [command] = write
  if (read > 0 && write.length === 1 && command !== undefined) bus.readI2cBlockSync(address, command, read, data)
  else {
    if (write.length > 0) bus.i2cWriteSync(address, write.length, Buffer.from(write))
    if (read > 0) bus.i2cReadSync(address, read, data)
  }
  return data
}

const stateOf = (thrown: unknown): I2cState => (NACK.includes(codeOf(thrown)) ? 'nack' : 'failed')

function codeOf(thrown: unknown): string {
  const code = (thrown as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : ''
}
