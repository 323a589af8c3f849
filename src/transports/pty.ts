import { execFile, spawn } from 'node:child_process'
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { type Clock, systemClock } from '../base/clock.ts'
import { describe, type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { ByteConnection, Unsubscribe } from '../device/transport.ts'
import { LinkListeners } from './link-listeners.ts'

/** A pseudo terminal: a path that any program opens as a serial port, and the other end of its line. */
export interface Pty {
  /** `/dev/pts/7`: what `serial({ path })` opens. */
  readonly path: string
  /**
   * The device's end. It stays open while hosts come and go at the path. When a host does not read, the terminal is full
   * after a few kilobytes, and what is written then is lost, as on a serial port.
   */
  readonly connection: ByteConnection
  /** Pulls the cable: whoever has the path open loses it. Frees both ends; doing it twice does nothing. */
  close(): Promise<void>
}

/** The parts of a `tty.ReadStream` that both ends are used through. */
interface TtyStream {
  destroy(): void
  write(bytes: Uint8Array): boolean
  on(event: 'data', listener: (chunk: Uint8Array) => void): void
  on(event: 'error', listener: (error: Error) => void): void
  once(event: 'close', listener: () => void): void
  readonly destroyed: boolean
}

/** `open` of node-pty, which its own type declarations leave out. */
interface PtyModule {
  open(options: { encoding: null }): {
    readonly master: TtyStream
    readonly slave: TtyStream
    readonly ptsName: string
    /** The descriptor of the master. */
    readonly fd: number
  }
}

/**
 * Opens a pseudo terminal that passes every byte unchanged in both directions, for simulated devices behind a real
 * serial port. Linux and macOS; needs the optional package `@lydell/node-pty`. Rejects with `TENDON_MODULE_MISSING`
 * or `TENDON_PORT_OPEN_FAILED`.
 */
export async function openPty({ clock = systemClock }: { clock?: Clock } = {}): Promise<Pty> {
  const { open } = await loadPty()
  const { master, slave, ptsName: path, fd } = open({ encoding: null })
  // We hold the other end too, so that the line survives hosts that come and go. Through a bare descriptor: a stream,
  // even a paused one, would read bytes that are for the host.
  const held = openSync(path, constants.O_RDWR | constants.O_NOCTTY)
  const connection = new PtyConnection(clock, path, master, held)
  try {
    await destroyed(slave)
    await makeRaw(path)
    if (await neverWaits(fd)) connection.writeTo(fd)
  } catch (thrown) {
    await connection.close()
    throw new TendonError(problem('TENDON_PORT_OPEN_FAILED', { port: path, reason: describe(thrown) }, thrown))
  }
  return { path, connection, close: () => connection.close() }
}

async function loadPty(): Promise<PtyModule> {
  try {
    const loaded = (await import('@lydell/node-pty')) as unknown as Partial<PtyModule> & { default: PtyModule }
    return loaded.open ? (loaded as PtyModule) : loaded.default
  } catch (thrown) {
    const facts = { module: '@lydell/node-pty', need: 'A pseudo terminal' }
    throw new TendonError(problem('TENDON_MODULE_MISSING', facts, thrown))
  }
}

/** A new terminal echoes and translates newlines; a wire does neither. */
async function makeRaw(path: string): Promise<void> {
  const flag = process.platform === 'darwin' ? '-f' : '-F'
  await promisify(execFile)('stty', [flag, path, 'raw', '-echo', '-echoe', '-echok', '-iexten', '-hupcl'])
}

/**
 * Makes writes to this descriptor fail where they would wait. Node has no call for that, but the flag belongs to the open
 * file, which a child shares. Gives whether it worked: not every `dd` can.
 */
function neverWaits(fd: number): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('dd', ['count=0', 'oflag=nonblock'], { stdio: ['ignore', fd, 'ignore'] })
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === 0))
  })
}

class PtyConnection implements ByteConnection {
  readonly #clock: Clock
  readonly #path: string
  readonly #master: TtyStream
  readonly #held: number
  readonly #listeners = new LinkListeners()
  /** The master's descriptor, when writes to it never wait. */
  #fd: number | undefined
  #open = true
  #freed: Promise<void> | undefined

  constructor(clock: Clock, path: string, master: TtyStream, held: number) {
    this.#clock = clock
    this.#path = path
    this.#master = master
    this.#held = held
    master.on('data', (chunk) => {
      if (this.#open) this.#listeners.bytes(chunk)
    })
    master.on('error', (error) => this.#lose(error))
  }

  get isOpen(): boolean {
    return this.#open
  }

  write(bytes: Uint8Array): void {
    if (!this.#open) throw new TendonError(problem('TENDON_LINK_CLOSED', { port: this.#path }))
    if (this.#fd === undefined) this.#master.write(bytes.slice())
    else this.#writeNow(this.#fd, bytes)
  }

  /** From now on writes go straight to this descriptor. */
  writeTo(fd: number): void {
    this.#fd = fd
  }

  /** The stream would wait for the host to read, and the whole process with it. */
  #writeNow(fd: number, bytes: Uint8Array): void {
    try {
      writeSync(fd, bytes)
    } catch (thrown) {
      if ((thrown as { code?: unknown }).code !== 'EAGAIN') this.#lose(thrown as Error)
    }
  }

  onBytes(listener: (chunk: Uint8Array) => void): Unsubscribe {
    return this.#listeners.onBytes(listener)
  }

  onLost(listener: (problem: Problem) => void): Unsubscribe {
    return this.#listeners.onLost(listener)
  }

  close(): Promise<void> {
    this.#open = false
    this.#listeners.clear()
    this.#freed ??= this.#free()
    return this.#freed
  }

  async #free(): Promise<void> {
    closeSync(this.#held)
    await destroyed(this.#master)
  }

  #lose(error: Error): void {
    if (!this.#open) return
    this.#open = false
    const gone = problem('TENDON_LINK_LOST', { port: this.#path, reason: describe(error) }, error)
    this.#clock.turn(() => this.#listeners.lost(gone))
    this.#freed ??= this.#free()
  }
}

function destroyed(stream: TtyStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) return resolve()
    stream.once('close', () => resolve())
    stream.destroy()
  })
}
