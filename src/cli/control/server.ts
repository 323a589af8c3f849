import { lstatSync, rmSync, type Stats } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { type RobotDefinition, TendonError } from 'tendon'
import { type Card, cardOf, readCard, removeCard, writeCard } from './card.ts'
import { ControlClient } from './client.ts'
import { isShared, prepareFolder, runtimeFolder, socketOf } from './place.ts'
import { controlProblem } from './problems.ts'
import { controlLimits } from './protocol.ts'
import { answeringFor } from './requests.ts'
import { type Answering, Session } from './session.ts'
import type { Served } from './views.ts'

/**
 * The socket of one robot: claimed before its hardware is opened, so that two programs never drive one robot, and served
 * once it runs. Only its owner can open it, with `TENDON_SHARE=group` the group of this process too.
 */
export class ControlSocket {
  readonly path: string
  readonly #folder: string
  readonly #card: Card
  readonly #server: Server
  /** In the order in which they came. */
  readonly #sessions = new Set<Session>()
  #served: Served | undefined
  #answering: Answering
  #closed = false
  readonly #onExit = (): void => this.#leave()

  private constructor(path: string, folder: string, card: Card, server: Server) {
    this.path = path
    this.#folder = folder
    this.#card = card
    this.#server = server
    this.#answering = async () => {
      throw new TendonError(controlProblem('TENDON_CONTROL_STARTING', { robot: card.robot }))
    }
    server.on('connection', (socket) => this.#accept(socket))
    // A signal that retires the robot ends the process without coming back here.
    process.on('exit', this.#onExit)
  }

  /**
   * Takes the robot's name on this machine. A socket that nobody answers is replaced; one that is answered is refused
   * with `TENDON_CONTROL_TAKEN`, which names the process.
   */
  static async claim(definition: RobotDefinition, folder = runtimeFolder()): Promise<ControlSocket> {
    prepareFolder(folder)
    const path = socketOf(folder, definition.name)
    await makeRoom(definition.name, folder, path)
    const server = createServer()
    await listen(server, definition.name, folder, path)
    const card = cardOf(definition)
    writeCard(folder, card)
    return new ControlSocket(path, folder, card, server)
  }

  /** The same for a robot that can do without: undefined where it cannot have one. */
  static async claimIfFree(definition: RobotDefinition): Promise<ControlSocket | undefined> {
    try {
      return await ControlSocket.claim(definition)
    } catch (error) {
      if (error instanceof TendonError) return undefined
      throw error
    }
  }

  /** From now on requests are answered by this robot. */
  serve(served: Served): void {
    this.#served = served
    this.#answering = answeringFor(served)
  }

  /** Callers at this instant. */
  get callers(): number {
    return this.#sessions.size
  }

  /** Lets every caller go and gives the name free. What a robot that is not verified off leaves behind is its card. */
  close(): Promise<void> {
    this.#leave()
    process.off('exit', this.#onExit)
    for (const session of [...this.#sessions]) session.close()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #accept(socket: Socket): void {
    const session = new Session(
      socket,
      (request, reply) => this.#answering(request, reply),
      () => this.#sessions.delete(session),
    )
    this.#sessions.add(session)
    if (this.#sessions.size <= controlLimits.clients) return
    // Never the one that has just come: it may want a stop.
    const others = [...this.#sessions].filter((other) => other !== session)
    const spare = others.find((other) => other.idle) ?? others[0]
    spare?.close()
  }

  /** The files go at once, also when the process ends in this turn. */
  #leave(): void {
    if (this.#closed) return
    this.#closed = true
    rmSync(this.path, { force: true })
    const safety = this.#served?.robot.safety.state ?? 'disarmed'
    if (safety === 'disarmed') removeCard(this.#folder, this.#card.robot)
  }
}

/** Removes a socket that nobody answers. Rejects when somebody does. */
async function makeRoom(robot: string, folder: string, path: string): Promise<void> {
  const before = fileAt(path)
  if (!before) return
  const client = await ControlClient.connect(robot, path, undefined)
  if (client === 'absent') return
  if (client === 'gone') {
    // The one that was asked, and not one that a third program has put there since.
    if (fileAt(path)?.ino === before.ino) rmSync(path, { force: true })
    return
  }
  const hello = typeof client === 'string' ? undefined : await client.hello()
  if (typeof client !== 'string') client.close()
  throw taken(robot, folder, path, hello?.pid)
}

function fileAt(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

const taken = (robot: string, folder: string, socket: string, pid = readCard(folder, robot)?.pid): TendonError =>
  new TendonError(controlProblem('TENDON_CONTROL_TAKEN', { robot, pid, socket }))

/** `listen` binds before it returns, so the mask is another only for that call, and nobody else can ever open it. */
function listen(server: Server, robot: string, folder: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.message
      reject(
        error.code === 'EADDRINUSE'
          ? taken(robot, folder, path)
          : new TendonError(controlProblem('TENDON_CONTROL_FOLDER', { folder, reason }, error)),
      )
    })
    const mask = process.umask(isShared() ? 0o117 : 0o177)
    try {
      server.listen(path, () => {
        server.removeAllListeners('error')
        server.on('error', () => {})
        resolve()
      })
    } finally {
      process.umask(mask)
    }
  })
}
