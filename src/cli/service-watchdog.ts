import { execFile } from 'node:child_process'
import type { LoopHealth } from 'tendon'

/** What the watchdog asks of a robot. */
interface Watched {
  loops(): Readonly<Record<string, LoopHealth>>
  readonly limits: { readonly idleRate: number }
}

/** Tells the service manager something; resolves to whether it was taken. Never rejects. */
export type Notify = (state: string) => Promise<boolean>

/** How long `systemd-notify` may take, in milliseconds: it waits until systemd has taken the message. */
const NOTIFY_PATIENCE = 2000

/** Through the program `systemd-notify`: Node has no datagram sockets of Unix. Its notes are those of this service. */
const systemdNotify: Notify = (state) =>
  new Promise((resolve) => {
    execFile('systemd-notify', [state], { timeout: NOTIFY_PATIENCE, killSignal: 'SIGKILL' }, (error) => resolve(!error))
  })

/** A tick this many periods late is no tick any more. */
const LATE_TICKS = 10
/** Between two looks at the ticks, in milliseconds. */
const LONGEST_LOOK = 1000
const SHORTEST_LOOK = 100

export interface WatchdogOptions {
  /** What systemd sets: `NOTIFY_SOCKET`, and `WATCHDOG_USEC` where the unit has a `WatchdogSec`. */
  readonly env?: NodeJS.ProcessEnv
  readonly notify?: Notify
  /** Told once when the service manager cannot be told anything. */
  readonly onDeaf?: () => void
}

/** What systemd is told of one robot. */
export interface ServiceWatchdog {
  /** The robot has been told to end. It goes on being watched: going to rest takes its time. */
  stopping(): void
  /** Nothing more is told, and no timer is left. */
  end(): void
}

/**
 * Tells systemd that the robot is up, and from then on, at half the time that its watchdog allows, that every control
 * loop has ticked since the last look. A loop that hangs, or an event loop that does, ends the pings, and systemd ends
 * the process; a loop that does not tick because its bus is lost is no hang. Without systemd it does nothing.
 */
export function watchdogOf(robot: Watched, options: WatchdogOptions = {}): ServiceWatchdog {
  const { env = process.env, notify = systemdNotify, onDeaf } = options
  if (!env.NOTIFY_SOCKET) return { stopping() {}, end() {} }
  return new Watchdog(robot, pingInterval(env), notify, onDeaf)
}

class Watchdog implements ServiceWatchdog {
  readonly #ticks: TickWatch
  readonly #half: number | undefined
  readonly #notify: Notify
  readonly #timer: NodeJS.Timeout | undefined
  /** The message that is under way; at most one, with a last one behind it. */
  #telling: Promise<void> | undefined
  /** By a clock that nobody sets: a Raspberry Pi learns the time of day only when it is up. */
  #pingedAt = performance.now()
  #onDeaf: (() => void) | undefined

  constructor(robot: Watched, half: number | undefined, notify: Notify, onDeaf: (() => void) | undefined) {
    this.#ticks = new TickWatch(robot)
    this.#half = half
    this.#notify = notify
    this.#onDeaf = onDeaf
    this.#tell('READY=1')
    if (half === undefined) return
    const slowest = Math.max((LATE_TICKS / robot.limits.idleRate) * 1000, SHORTEST_LOOK)
    this.#timer = setInterval(() => this.#look(), Math.min(slowest, LONGEST_LOOK, half / 2))
    // What keeps a program running is its robot.
    this.#timer.unref()
  }

  stopping(): void {
    this.#tell('STOPPING=1')
  }

  end(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const isFresh = this.#ticks.look()
    const isDue = performance.now() - this.#pingedAt >= (this.#half ?? 0)
    // A service manager that does not take its messages must not collect processes here.
    if (!isFresh || !isDue || this.#telling) return
    this.#pingedAt = performance.now()
    this.#tell('WATCHDOG=1')
  }

  #tell(state: string): void {
    const before = this.#telling ?? Promise.resolve()
    const telling = before
      .then(() => this.#notify(state))
      .then((taken) => {
        if (this.#telling === telling) this.#telling = undefined
        if (taken) return
        // The next look tries again.
        this.#pingedAt = Number.NEGATIVE_INFINITY
        this.#onDeaf?.()
        this.#onDeaf = undefined
      })
    this.#telling = telling
  }
}

/** Half the time that the watchdog allows, in milliseconds; undefined where there is none for this process. */
function pingInterval({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number | undefined {
  const period = Number(WATCHDOG_USEC)
  const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid
  return isOurs && period > 0 ? period / 2000 : undefined
}

/** Whether the ticks of all loops go on. */
class TickWatch {
  readonly #robot: Watched
  readonly #seen = new Map<string, number>()

  constructor(robot: Watched) {
    this.#robot = robot
  }

  /** Whether each loop that should tick has ticked since the last look. */
  look(): boolean {
    let isFresh = true
    for (const [bus, { isRunning, ticks }] of Object.entries(this.#robot.loops())) {
      if (isRunning && this.#seen.get(bus) === ticks) isFresh = false
      this.#seen.set(bus, ticks)
    }
    return isFresh
  }
}
