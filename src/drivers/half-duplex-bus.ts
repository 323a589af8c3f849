import type { Clock, Timer } from '../base/clock.ts'
import { type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Seconds } from '../base/units.ts'
import type { BusHealth } from '../device/servo-bus.ts'
import type { ByteConnection, ByteTransport, DeviceEnv, Unsubscribe } from '../device/transport.ts'
import { EchoFilter } from './echo-filter.ts'
import type { ExpectedReply, FrameDecoder, LineProtocol, LineRequest } from './line-request.ts'
import { ReplyTally } from './reply-tally.ts'

export interface HalfDuplexOptions {
  /** How long a device may wait before it answers. Default 0.51 ms, the longest of Feetech and Dynamixel servos. */
  readonly returnDelay?: Seconds | undefined
  /** What the way through adapter and system may take beyond the bytes' own time. Default 25 ms (FTDI: 16 ms). */
  readonly slack?: Seconds | undefined
  /** How long after its deadline a reply may still come and must not be taken for another. Default 50 ms. */
  readonly lateWindow?: Seconds | undefined
  /** How many requests may wait; urgent ones have as many places again. Default 64. */
  readonly queueLimit?: number | undefined
  /** Whether the wiring returns what is sent. Default false. */
  readonly echo?: boolean | undefined
  /** Bits per second where the port does not know them. Default 1 000 000. */
  readonly baudRate?: number | undefined
}

/** One reply, and when its last byte came. */
export interface Reply<Frame> {
  readonly frame: Frame
  readonly at: Seconds
}

/** Replies in the order of `LineRequest.replies`; `undefined` where none came. */
export type Replies<Frame> = readonly (Reply<Frame> | undefined)[]

interface Settle<T> {
  resolve(value: T): void
  reject(error: TendonError): void
}

interface Waiting<Frame> extends Settle<Replies<Frame>> {
  readonly request: LineRequest
  triesLeft: number
}

interface Exchange<Frame> {
  readonly waiting: Waiting<Frame>
  readonly replies: (Reply<Frame> | undefined)[]
  missing: number
  due: Seconds
  timer: Timer
  graced: boolean
  /** What the devices had been told when it was sent. */
  readonly epoch: number
}

/** A reply that may still come although nobody waits for it. */
interface Owed extends ExpectedReply {
  readonly until: Seconds
  readonly epoch: number
  /** It was counted as missed; one that a stop made void was not. */
  readonly missed: boolean
}

interface Latest extends Settle<void> {
  make: () => Uint8Array
  readonly written: Promise<void>
}

/** How far ahead of the wire the host may write, so that no queue builds up where nobody can discard it. */
const LARGEST_BACKLOG: Seconds = 0.002
/** A deadline that fires this late means that this process was held up, and the reply may be in its input already. */
const STALL: Seconds = 0.005

/**
 * Takes turns on a line that carries one frame at a time, whatever the protocol: one outstanding exchange, stop frames
 * before everything, then the newest setpoints, then requests in order. A reply counts only if it is one that the open
 * exchange waits for; silence is not an error here but an `undefined` in the replies, and whoever knows the servo's
 * name makes a problem of it.
 */
export class HalfDuplexBus<Frame> {
  readonly #clock: Clock
  readonly #port: ByteTransport
  readonly #protocol: LineProtocol<Frame>
  readonly #decoder: FrameDecoder
  readonly #echo: EchoFilter | undefined
  readonly #secondsPerByte: Seconds
  readonly #returnDelay: Seconds
  readonly #slack: Seconds
  readonly #lateWindow: Seconds
  readonly #queueLimit: number

  #connection: ByteConnection | undefined
  #opening: Promise<void> | undefined
  /** Changes at each close, so that an `open` under way knows that it is not wanted any more. */
  #life = 0
  readonly #lostListeners = new Set<(problem: Problem) => void>()

  #queue: Waiting<Frame>[] = []
  #exchange: Exchange<Frame> | undefined
  #latest: Latest | undefined
  /** Replies that may still come although nobody waits for them. */
  #owed: Owed[] = []
  /** Changes whenever devices are told to change: what was asked before is another question than the same one after. */
  #epoch = 0
  /** When the last byte that was handed to the port will have left it. */
  #lineFreeAt: Seconds = 0
  #pause: Timer | undefined
  #repeat: Timer | undefined

  #exchanges = 0
  #retries = 0
  #timeouts = 0
  #unexpected = 0
  #stops = 0
  #bytesOut = 0
  #bytesIn = 0
  readonly #tally = new ReplyTally()

  constructor(port: ByteTransport, env: DeviceEnv, protocol: LineProtocol<Frame>, options: HalfDuplexOptions = {}) {
    this.#port = port
    this.#clock = env.clock
    this.#protocol = protocol
    this.#decoder = protocol.decoder((frame) => this.#onFrame(frame))
    this.#echo = options.echo ? new EchoFilter() : undefined
    this.#secondsPerByte = 10 / (port.baudRate ?? options.baudRate ?? 1_000_000)
    this.#returnDelay = options.returnDelay ?? 0.000_51
    this.#slack = options.slack ?? 0.025
    this.#lateWindow = options.lateWindow ?? 0.05
    this.#queueLimit = options.queueLimit ?? 64
  }

  /** What a person calls the port. */
  get address(): string {
    return this.#port.address
  }

  get isOpen(): boolean {
    return this.#connection?.isOpen ?? false
  }

  /** The descriptor of the open link, where it has one. */
  get descriptor(): number | undefined {
    return this.#connection?.descriptor
  }

  /** How many stops were sent: whoever moves or powers servos in several steps goes on only while this is the same. */
  get stops(): number {
    return this.#stops
  }

  /** Opens the port; a second call joins the first. Rejects with the port's problem. */
  open(): Promise<void> {
    if (this.isOpen) return Promise.resolve()
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #connect(): Promise<void> {
    const life = this.#life
    const connection = await this.#port.open({ clock: this.#clock })
    if (life !== this.#life) {
      await connection.close()
      throw this.#closedError()
    }
    this.#connection = connection
    this.#forgetInput()
    this.#owed = []
    this.#lineFreeAt = 0
    connection.onBytes((chunk) => this.#onBytes(chunk))
    connection.onLost((lost) => this.#onLost(connection, lost))
  }

  /** Frees the port; whatever waited rejects with `TENDON_BUS_CLOSED`. Leaves no timer. */
  async close(): Promise<void> {
    this.#life++
    const connection = this.#connection
    const opening = this.#opening
    this.#connection = undefined
    this.#rejectAll(this.#closedError())
    await connection?.close()
    await opening?.catch(() => {})
  }

  onLost(listener: (problem: Problem) => void): Unsubscribe {
    const own = (lost: Problem): void => listener(lost)
    this.#lostListeners.add(own)
    return () => this.#lostListeners.delete(own)
  }

  /**
   * Sends a request when its turn comes. Resolves to what was answered until the last try's deadline. Rejects with
   * `TENDON_BUS_CLOSED`, `TENDON_BUS_BUSY`, `TENDON_STOPPED_FIRST`, or the problem of a lost link.
   */
  perform(request: LineRequest): Promise<Replies<Frame>> {
    return new Promise((resolve, reject) => {
      const limit = request.urgent ? 2 * this.#queueLimit : this.#queueLimit
      if (!this.isOpen) reject(this.#closedError())
      else if (this.#queue.length >= limit) reject(this.#busyError(limit))
      else {
        this.#enqueue({ request, triesLeft: request.tries, resolve, reject })
        this.#pump()
      }
    })
  }

  /**
   * Writes the frame that `make` gives when the turn comes, and nothing answers. A newer call before that takes the
   * older one's place, and both resolve when the newer frame was written. Rejects as `perform` does.
   */
  writeLatest(make: () => Uint8Array): Promise<void> {
    if (!this.isOpen) return Promise.reject(this.#closedError())
    if (this.#latest) {
      this.#latest.make = make
      return this.#latest.written
    }
    let settle: Settle<void> | undefined
    const written = new Promise<void>((resolve, reject) => {
      settle = { resolve, reject }
    })
    this.#latest = { ...(settle as unknown as Settle<void>), make, written }
    this.#pump()
    return written
  }

  /**
   * Hands `frame` to the port before it returns. Then, and only then, whatever it overtook is void, and the frame is
   * sent once more when a reply that it may have collided with must be over. Throws only when the link is not open.
   */
  stop(frame: Uint8Array): void {
    const connection = this.#connection
    if (!connection) throw this.#closedError()
    connection.write(frame)
    this.#stops++
    this.#wrote(frame)
    const silence = this.#voidExchange()
    // A reading from before the stop says nothing about what the stop has done.
    this.#epoch++
    this.#discardForStop()
    this.#repeat?.cancel()
    // The clock runs on while this runs: the line may be free already.
    const gap = Math.max(0, this.#lineFreeAt - this.#clock.now() + silence)
    this.#repeat = this.#clock.after(gap, () => {
      this.#repeat = undefined
      this.#send(frame)
      this.#pump()
    })
  }

  health(): BusHealth {
    return {
      exchanges: this.#exchanges,
      retries: this.#retries,
      timeouts: this.#timeouts,
      corrupt: this.#decoder.rejected,
      unexpected: this.#unexpected,
      stops: this.#stops,
      bytesOut: this.#bytesOut,
      bytesIn: this.#bytesIn,
      servos: this.#tally.counts(),
    }
  }

  // Turns

  #enqueue(waiting: Waiting<Frame>): void {
    const firstCalm = waiting.request.urgent ? this.#queue.findIndex((other) => !other.request.urgent) : -1
    if (firstCalm < 0) this.#queue.push(waiting)
    else this.#queue.splice(firstCalm, 0, waiting)
  }

  /** Gives out turns until somebody must wait: for a reply, for the wire, or for the repetition of a stop. */
  #pump(): void {
    while (this.isOpen && !this.#exchange && !this.#repeat) {
      const backlog = this.#lineFreeAt - this.#clock.now()
      if (backlog > LARGEST_BACKLOG) {
        this.#pumpAfter(backlog - LARGEST_BACKLOG)
        return
      }
      if (this.#latest) this.#writeNewest(this.#latest)
      else if (!this.#beginNext()) return
    }
  }

  /** Begins the first request that no late reply could answer; those that it could must wait, and are passed over. */
  #beginNext(): boolean {
    let shortest = Infinity
    for (const [index, waiting] of this.#queue.entries()) {
      const wait = this.#clearIn(waiting.request)
      if (wait <= 0) {
        this.#queue.splice(index, 1)
        this.#begin(waiting)
        return true
      }
      shortest = Math.min(shortest, wait)
    }
    if (shortest < Infinity) this.#pumpAfter(shortest)
    return false
  }

  #pumpAfter(delay: Seconds): void {
    this.#pause ??= this.#clock.after(delay, () => {
      this.#pause = undefined
      this.#pump()
    })
  }

  #writeNewest(latest: Latest): void {
    this.#latest = undefined
    const failure = this.#send(latest.make())
    if (failure) latest.reject(failure)
    else latest.resolve()
  }

  #begin(waiting: Waiting<Frame>): void {
    const { request } = waiting
    // Whatever came before the question is no answer to it.
    if (request.replies.length > 0) this.#decoder.reset()
    const failure = this.#send(request.bytes)
    if (failure) {
      waiting.reject(failure)
      return
    }
    this.#exchanges++
    if (request.changes) this.#epoch++
    if (request.isRetry || waiting.triesLeft < request.tries) this.#retries++
    if (request.replies.length === 0) waiting.resolve([])
    else this.#expect(waiting)
  }

  #expect(waiting: Waiting<Frame>): void {
    const { request } = waiting
    waiting.triesLeft--
    const due = this.#lineFreeAt + this.#replyTime(request) + this.#slack
    const exchange: Exchange<Frame> = {
      waiting,
      replies: new Array<Reply<Frame> | undefined>(request.replies.length).fill(undefined),
      missing: request.replies.length,
      due,
      timer: this.#clock.after(Math.max(0, due - this.#clock.now()), () => this.#onDeadline(exchange)),
      graced: false,
      epoch: this.#epoch,
    }
    this.#exchange = exchange
  }

  #replyTime(request: LineRequest): Seconds {
    return request.replyBytes * this.#secondsPerByte + request.replies.length * this.#returnDelay
  }

  /** How long until no late reply can be taken for the answer to this request. */
  #clearIn(request: LineRequest): Seconds {
    if (this.#owed.length === 0) return 0
    const now = this.#clock.now()
    this.#owed = this.#owed.filter((owed) => owed.until > now)
    let until = now
    for (const owed of this.#owed)
      for (const reply of request.replies)
        if (reply.key === owed.key && (reply.asks !== owed.asks || owed.epoch !== this.#epoch))
          until = Math.max(until, owed.until)
    return until - now
  }

  #onDeadline(exchange: Exchange<Frame>): void {
    const now = this.#clock.now()
    if (now - exchange.due > STALL && !exchange.graced) {
      exchange.graced = true
      exchange.timer = this.#clock.after(STALL, () => this.#onDeadline(exchange))
      return
    }
    this.#timeouts++
    this.#countMissing(exchange)
    this.#exchange = undefined
    this.#owe(exchange, now, true)
    this.#forgetInput()
    // A retry keeps its place, but setpoints that wait go first.
    if (exchange.waiting.triesLeft > 0) this.#queue.unshift(exchange.waiting)
    else exchange.waiting.resolve(exchange.replies)
    this.#pump()
  }

  #owe(exchange: Exchange<Frame>, now: Seconds, missed: boolean): void {
    const { epoch } = exchange
    const until = Math.max(now + this.#lateWindow, exchange.due)
    exchange.waiting.request.replies.forEach((reply, index) => {
      if (exchange.replies[index] === undefined) this.#owed.push({ ...reply, until, epoch, missed })
    })
  }

  // Stopping

  /** Ends the open exchange without an answer; gives the time that replies to it may still occupy the line. */
  #voidExchange(): Seconds {
    const exchange = this.#exchange
    if (!exchange) return 0
    this.#exchange = undefined
    exchange.timer.cancel()
    this.#owe(exchange, this.#clock.now(), false)
    const { waiting } = exchange
    if (waiting.request.droppedByStop) waiting.reject(this.#droppedError(waiting.request.label))
    else {
      waiting.triesLeft++
      this.#queue.unshift(waiting)
    }
    return this.#replyTime(waiting.request)
  }

  #discardForStop(): void {
    const latest = this.#latest
    this.#latest = undefined
    latest?.reject(this.#droppedError('write setpoints'))
    const dropped = this.#queue.filter(({ request }) => request.droppedByStop)
    if (dropped.length === 0) return
    this.#queue = this.#queue.filter(({ request }) => !request.droppedByStop)
    for (const waiting of dropped) waiting.reject(this.#droppedError(waiting.request.label))
  }

  // Bytes

  /** Writes now; a link that turns out to be closed ends everything that waits, and is returned as the error. */
  #send(bytes: Uint8Array): TendonError | undefined {
    try {
      const connection = this.#connection
      if (!connection) return this.#closedError()
      connection.write(bytes)
      this.#wrote(bytes)
      return undefined
    } catch (thrown) {
      const error = thrown instanceof TendonError ? thrown : this.#closedError(thrown)
      this.#rejectAll(error)
      return error
    }
  }

  #wrote(bytes: Uint8Array): void {
    this.#bytesOut += bytes.length
    this.#echo?.sent(bytes)
    this.#lineFreeAt = Math.max(this.#lineFreeAt, this.#clock.now()) + bytes.length * this.#secondsPerByte
  }

  #onBytes(chunk: Uint8Array): void {
    this.#bytesIn += chunk.length
    this.#decoder.push(this.#echo ? this.#echo.received(chunk) : chunk)
    // The next request goes out only after the whole chunk: what came before a question must not answer it.
    this.#pump()
  }

  #onFrame(frame: Frame): void {
    const key = this.#protocol.keyOf(frame)
    const exchange = this.#exchange
    const expected = exchange?.waiting.request.replies ?? []
    const index = expected.findIndex((reply, at) => reply.key === key && exchange?.replies[at] === undefined)
    if (!exchange || index < 0) {
      this.#onUnexpected(key)
      return
    }
    const at = this.#clock.now()
    exchange.replies[index] = { frame, at }
    const servo = this.#protocol.senderOf?.(key)
    if (servo !== undefined) this.#tally.answered(servo, at)
    if (--exchange.missing > 0) return
    exchange.timer.cancel()
    this.#exchange = undefined
    exchange.waiting.resolve(exchange.replies)
  }

  #onUnexpected(key: number): void {
    this.#unexpected++
    const index = this.#owed.findIndex((owed) => owed.key === key)
    if (index < 0) return
    const [owed] = this.#owed.splice(index, 1)
    const servo = this.#protocol.senderOf?.(key)
    if (servo !== undefined && owed?.missed) this.#tally.late(servo, this.#clock.now())
  }

  #countMissing({ waiting, replies }: Exchange<Frame>): void {
    for (const [index, { key }] of waiting.request.replies.entries()) {
      const servo = this.#protocol.senderOf?.(key)
      if (servo !== undefined && replies[index] === undefined) this.#tally.missed(servo)
    }
  }

  #forgetInput(): void {
    this.#decoder.reset()
    this.#echo?.reset()
  }

  // Endings

  #onLost(connection: ByteConnection, lost: Problem): void {
    if (connection !== this.#connection) return
    this.#connection = undefined
    this.#rejectAll(new TendonError(lost))
    void connection.close()
    for (const listener of [...this.#lostListeners]) listener(lost)
  }

  #rejectAll(error: TendonError): void {
    for (const timer of [this.#pause, this.#repeat, this.#exchange?.timer]) timer?.cancel()
    const ended = [this.#exchange?.waiting, this.#latest, ...this.#queue]
    this.#pause = this.#repeat = this.#exchange = this.#latest = undefined
    this.#queue = []
    for (const waiting of ended) waiting?.reject(error)
  }

  #droppedError(request: string): TendonError {
    return new TendonError(problem('TENDON_STOPPED_FIRST', { port: this.address, request }))
  }

  #closedError(cause?: unknown): TendonError {
    return new TendonError(problem('TENDON_BUS_CLOSED', { port: this.address }, cause))
  }

  #busyError(limit: number): TendonError {
    return new TendonError(problem('TENDON_BUS_BUSY', { port: this.address, limit }))
  }
}
