import { connect, type Socket } from 'node:net'
import { TendonError } from 'tendon/device'
import type { Card } from './card.ts'
import { LineSplitter } from './lines.ts'
import { controlProblem } from './problems.ts'
import { type Answer, controlLimits, type Hello, PATIENCE } from './protocol.ts'

/** Why there is no link to a robot: no socket, a socket that nobody answers any more, no answer in time, or no permission. */
export type Unreachable = 'absent' | 'gone' | 'silent' | 'denied'

interface Open {
  readonly verb: string
  onEvent(event: unknown): void
  resolve(result: never): void
  reject(error: TendonError): void
}

/** What the system lets a caller know about a failed connect. */
function unreachable({ code }: NodeJS.ErrnoException): Unreachable {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'absent'
  if (code === 'EACCES' || code === 'EPERM') return 'denied'
  // A full backlog is a program that hangs; a refusal is one that is gone.
  return code === 'EAGAIN' ? 'silent' : 'gone'
}

/** A link from this process to one running robot. */
export class ControlClient {
  readonly robot: string
  readonly card: Card | undefined
  readonly #socket: Socket
  readonly #open = new Map<number, Open>()
  #id = 0
  #ended = false

  private constructor(robot: string, card: Card | undefined, socket: Socket) {
    this.robot = robot
    this.card = card
    this.#socket = socket
    // An answer may hold a whole log; what the robot sends is bounded by its own limit.
    const splitter = new LineSplitter(
      controlLimits.answerLength + 1024,
      (line) => this.#answer(line),
      () => socket.destroy(),
    )
    socket.on('data', (chunk) => splitter.push(chunk))
    socket.on('error', () => {})
    socket.on('close', () => this.#end())
  }

  /** Resolves to the link, or to why there is none. Never rejects. */
  static connect(robot: string, path: string, card: Card | undefined): Promise<ControlClient | Unreachable> {
    return new Promise((resolve) => {
      const socket = connect(path)
      const timer = setTimeout(() => {
        socket.destroy()
        resolve('silent')
      }, PATIENCE)
      socket.once('connect', () => {
        clearTimeout(timer)
        socket.removeAllListeners('error')
        resolve(new ControlClient(robot, card, socket))
      })
      socket.once('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer)
        resolve(unreachable(error))
      })
    })
  }

  /** Who answers. Resolves to undefined when nobody does in time. */
  async hello(): Promise<Hello | undefined> {
    const [hello] = await Promise.allSettled([this.callWithin<Hello>(PATIENCE, 'hello', {})])
    return hello.status === 'fulfilled' ? hello.value : undefined
  }

  /**
   * Asks for something. Resolves to its result; rejects with the robot's own problem, or with `TENDON_CONTROL_LOST`
   * when the link ends before.
   */
  call<R>(verb: string, body: object = {}, onEvent: (event: never) => void = () => {}): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      if (this.#ended) return reject(this.#lost(verb))
      const id = ++this.#id
      this.#open.set(id, { verb, onEvent: onEvent as (event: unknown) => void, resolve, reject })
      this.#socket.write(`${JSON.stringify({ ...body, id, verb })}\n`)
    })
  }

  /**
   * The same for what is answered at once: the first sign of life must come within `patience` milliseconds, otherwise it
   * rejects with `TENDON_CONTROL_SILENT`.
   */
  async callWithin<R>(patience: number, verb: string, body: object): Promise<R> {
    let timer: NodeJS.Timeout | undefined
    const silent = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(silentProblem(this.robot, this.card)), patience)
    })
    try {
      return await Promise.race([this.call<R>(verb, body, () => clearTimeout(timer)), silent])
    } finally {
      clearTimeout(timer)
    }
  }

  close(): void {
    this.#socket.destroy()
  }

  #answer(line: string): void {
    const { id, event, result, problem } = JSON.parse(line) as Answer
    const open = this.#open.get(id)
    if (!open) return
    if (event !== undefined) return open.onEvent(event)
    this.#open.delete(id)
    if (problem) open.reject(new TendonError(problem))
    else open.resolve(result as never)
  }

  #end(): void {
    this.#ended = true
    for (const { verb, reject } of this.#open.values()) reject(this.#lost(verb))
    this.#open.clear()
  }

  #lost(verb: string): TendonError {
    return new TendonError(controlProblem('TENDON_CONTROL_LOST', { robot: this.robot, verb }))
  }
}

/** What to say when a robot's socket is there and its program does not answer. */
export const silentProblem = (robot: string, card: Card | undefined): TendonError =>
  new TendonError(controlProblem('TENDON_CONTROL_SILENT', { robot, pid: card?.pid, ports: portsOf(card) }))

/** What to say when the program that had a robot is gone without a word. */
export const goneProblem = (card: Card): TendonError =>
  new TendonError(controlProblem('TENDON_CONTROL_GONE', { robot: card.robot, pid: card.pid, ports: portsOf(card) }))

/** What to say when a robot runs as somebody else, and this user may not talk to it. */
export const deniedProblem = (robot: string, folder: string): TendonError =>
  new TendonError(controlProblem('TENDON_CONTROL_DENIED', { robot, folder }))

/** Each once: several chips may be on one I2C bus. */
const portsOf = (card: Card | undefined): string[] => [...new Set(card?.buses.map(({ port }) => port))]
