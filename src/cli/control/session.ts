import type { Socket } from 'node:net'
import { type Handle, jsonText, TendonError } from 'tendon'
import { LineSplitter } from './lines.ts'
import { controlProblem } from './problems.ts'
import { type Answer, controlLimits, type Request, readRequest } from './protocol.ts'

/** How one request is answered. After its result nothing more is sent for it. */
export interface Reply {
  /** Sends an event; false when the caller should be waited for with `drained` before the next one. */
  event(event: unknown): boolean
  /** Resolves when the caller has read what was sent, or is gone. */
  drained(): Promise<void>
  /** Whether the caller is gone. */
  readonly gone: boolean
  /** Cancels this run when the caller goes before it has ended. */
  owns(handle: Handle): void
  /** Calls this once when the caller goes. */
  whenGone(end: () => void): void
}

/** What answers requests: resolves to the result, or rejects with what becomes the problem. */
export type Answering = (request: Request, reply: Reply) => Promise<unknown>

/** Verbs that take power away: no bound of this file keeps them back. */
const NEVER_REFUSED = new Set(['stop', 'disarm'])

/** One caller. It is let go when it sends what is too long, or does not read what it is sent. */
export class Session {
  readonly #socket: Socket
  readonly #answering: Answering
  readonly #onEnd: () => void
  readonly #ends = new Set<() => void>()
  #open = 0
  #gone = false

  constructor(socket: Socket, answering: Answering, onEnd: () => void) {
    this.#socket = socket
    this.#answering = answering
    this.#onEnd = onEnd
    const splitter = new LineSplitter(
      controlLimits.requestLength,
      (line) => this.#take(line),
      () => this.#tooLong(),
    )
    socket.on('data', (chunk) => splitter.push(chunk))
    socket.on('error', () => {})
    socket.on('close', () => this.#end())
  }

  /** Whether nothing is being done for it. */
  get idle(): boolean {
    return this.#open === 0
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(line: string): void {
    let request: Request
    try {
      request = readRequest(line)
    } catch (error) {
      this.#send({ id: 0, problem: problemOf(error) })
      return
    }
    if (this.#open >= controlLimits.requests && !NEVER_REFUSED.has(request.verb)) {
      const facts = { what: 'open requests of this caller', limit: controlLimits.requests }
      this.#send({ id: request.id, problem: controlProblem('TENDON_CONTROL_CROWDED', facts) })
      return
    }
    void this.#answer(request)
  }

  async #answer(request: Request): Promise<void> {
    const { id } = request
    this.#open++
    const ends = new Set<() => void>()
    let done = false
    const isGone = (): boolean => this.#gone
    const reply: Reply = {
      event: (event) => (done ? true : this.#send({ id, event })),
      drained: () => this.#drained(),
      get gone() {
        return isGone()
      },
      owns: (handle) => this.#owns(handle),
      whenGone: (end) => {
        ends.add(end)
        this.#ends.add(end)
      },
    }
    try {
      const result = await this.#answering(request, reply)
      done = true
      this.#send({ id, result: result ?? null })
    } catch (error) {
      done = true
      this.#send({ id, problem: problemOf(error) })
    } finally {
      this.#open--
      for (const end of ends) this.#ends.delete(end)
    }
  }

  #owns(handle: Handle): void {
    const cancel = (): void => void handle.cancel()
    if (this.#gone) return cancel()
    this.#ends.add(cancel)
    void handle.result().then(() => this.#ends.delete(cancel))
  }

  #drained(): Promise<void> {
    if (this.#gone || !this.#socket.writableNeedDrain) return Promise.resolve()
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#socket.off('drain', settle)
        this.#ends.delete(settle)
        resolve()
      }
      this.#socket.once('drain', settle)
      this.#ends.add(settle)
    })
  }

  #send(answer: Answer): boolean {
    if (this.#gone) return true
    const text = jsonText(answer)
    const fits = text.length <= controlLimits.answerLength
    const accepted = this.#socket.write(`${fits ? text : jsonText(tooLarge(answer.id, text.length))}\n`)
    if (this.#socket.writableLength > controlLimits.backlog) this.close()
    return accepted
  }

  #tooLong(): void {
    const reason = `it is longer than ${controlLimits.requestLength} characters`
    this.#send({ id: 0, problem: controlProblem('TENDON_CONTROL_BAD_REQUEST', { reason }) })
    this.#socket.destroySoon()
  }

  #end(): void {
    if (this.#gone) return
    this.#gone = true
    for (const end of [...this.#ends]) end()
    this.#ends.clear()
    this.#onEnd()
  }
}

const tooLarge = (id: number, length: number): Answer => ({
  id,
  problem: controlProblem('TENDON_CONTROL_CROWDED', {
    what: `characters in one answer: ${length}`,
    limit: controlLimits.answerLength,
  }),
})

const problemOf = (error: unknown): TendonError['problem'] =>
  error instanceof TendonError
    ? error.problem
    : controlProblem(
        'TENDON_CONTROL_BAD_REQUEST',
        { reason: error instanceof Error ? error.message : String(error) },
        error,
      )
