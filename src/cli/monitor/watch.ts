import type { RobotEvent } from 'tendon'
import { TendonError } from 'tendon/device'
import type { ControlClient } from '../control/client.ts'
import { theRobot } from '../control/find.ts'
import { PATIENCE, type RunsView, type StatusView, type VerdictResult } from '../control/protocol.ts'
import { eventText } from '../event-text.ts'
import type { Contact, MonitorModel, StopNote } from './model.ts'

/** Between two looks at a robot, and between two tries to find one that is gone, in milliseconds. */
const LOOK = 100
const SEEK = 1000
/** Looks between two at its runs. */
const RUNS_EVERY = 5
/** Events that are kept for the screen. */
const MOST_EVENTS = 200

export interface Listeners {
  /** Something is new. */
  changed(): void
  status?(status: StatusView): void
  event?(event: RobotEvent): void
}

/** Looks at one robot through its socket until `close`: its state ten times a second, its events as they come. */
export class RobotWatch {
  readonly #listeners: Listeners
  #robot: string
  #client: ControlClient | undefined
  #contact: Contact = { state: 'live' }
  #status: StatusView | undefined
  #runs: RunsView | undefined
  #events: string[] = []
  #stop: StopNote | undefined
  #timer: NodeJS.Timeout | undefined
  #looks = 0
  #closed = false

  /** Of a client that is connected; it belongs to the watch from now on. */
  constructor(client: ControlClient, listeners: Listeners) {
    this.#robot = client.robot
    this.#listeners = listeners
    this.#begin(client)
  }

  get model(): MonitorModel {
    return {
      robot: this.#robot,
      contact: this.#contact,
      status: this.#status,
      runs: this.#runs,
      events: this.#events,
      stop: this.#stop,
      now: performance.now(),
    }
  }

  /** Sends a stop at once, whatever is under way; says what came of it. */
  async stop(): Promise<void> {
    const client = this.#client
    if (!client) {
      this.#say('STOP NOT SENT: nobody answers. Cut the supply by hand.', false)
      return
    }
    this.#say('stop sent ...', false)
    try {
      const { verdict } = await client.callWithin<VerdictResult>(PATIENCE, 'stop', {
        reason: 'the space bar of tendon monitor',
      })
      const open = verdict.joints.filter((joint) => joint.verdict === 'not_confirmed').map(({ joint }) => joint)
      const holding = verdict.joints.filter((joint) => joint.verdict === 'holding').map(({ joint }) => joint)
      const held = holding.length > 0 ? `; POWER ON, holding: ${holding.join(', ')}` : ''
      this.#say(
        verdict.confirmed
          ? `stop: every servo confirmed${held}`
          : `stop: NOT CONFIRMED, power may still be on: ${open.join(', ')}: keep clear`,
        verdict.confirmed && holding.length === 0,
      )
    } catch (error) {
      const { what, fix } = problemOf(error)
      this.#say(`stop: NOT CONFIRMED, power may still be on. ${what} ${fix}`, false)
    }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#client?.close()
    this.#client = undefined
  }

  #say(text: string, confirmed: boolean): void {
    this.#stop = { text, confirmed }
    this.#listeners.changed()
  }

  #begin(client: ControlClient): void {
    this.#client = client
    this.#contact = { state: 'live' }
    this.#events = []
    const follow = client.call('events', { last: 50, follow: true }, (event: RobotEvent) => this.#heard(event))
    // Its end is the end of the link, which the looks see too.
    follow.catch(() => {})
    this.#after(0, () => this.#look(client))
  }

  #after(milliseconds: number, act: () => Promise<void>): void {
    if (this.#closed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void act(), milliseconds)
  }

  #heard(event: RobotEvent): void {
    this.#events = [...this.#events, eventText(event)].slice(-MOST_EVENTS)
    this.#listeners.event?.(event)
  }

  async #look(client: ControlClient): Promise<void> {
    try {
      const status = await client.callWithin<StatusView>(PATIENCE, 'status', {})
      if (this.#looks++ % RUNS_EVERY === 0) this.#runs = await client.callWithin<RunsView>(PATIENCE, 'runs', {})
      // What it says counts again from the moment in which it does.
      if (!this.#closed) {
        this.#status = status
        this.#contact = { state: 'live' }
        this.#listeners.status?.(status)
      }
      this.#after(LOOK, () => this.#look(client))
    } catch (error) {
      this.#lose(error)
    }
    if (!this.#closed) this.#listeners.changed()
  }

  #lose(error: unknown): void {
    if (this.#closed) return
    const since = this.#contact.state === 'lost' ? this.#contact.since : performance.now()
    this.#contact = { state: 'lost', since, ...problemOf(error) }
    this.#client?.close()
    this.#client = undefined
    this.#after(SEEK, () => this.#seek())
  }

  async #seek(): Promise<void> {
    try {
      const client = await theRobot(this.#robot)
      if (this.#closed) client.close()
      else this.#begin(client)
    } catch (error) {
      this.#lose(error)
      if (!this.#closed) this.#listeners.changed()
    }
  }
}

function problemOf(error: unknown): { what: string; fix: string; mayHavePower: boolean } {
  if (!(error instanceof TendonError)) return { what: String(error), fix: 'tendon status', mayHavePower: true }
  const { what, fix, power } = error.problem
  return { what, fix, mayHavePower: power === 'unknown' || power === 'on' }
}
