import cliProgress from 'cli-progress'
import type { Handle, Problem, RobotEvent } from 'tendon'
import { problemLines } from './problem-text.ts'

/** Where a run of the command line shows itself: bars for a person, lines for a pipe, JSON for a program. */
export interface Screen {
  /** A line of prose. */
  say(line: string): void
  /** The progress of one run until it ends, and then its outcome in a line. */
  follow(handle: Handle<unknown, unknown>, label: string): void
  /** What went wrong: what, why, fix, and whether there is power. */
  problem(found: Problem): void
  /** Every event of the robot; only JSON shows them all. */
  event(event: RobotEvent): void
  /** Something that belongs to the result: in JSON an object of its own. */
  fact(name: string, value: unknown, text: string): void
  end(): void
}

export interface ScreenOptions {
  readonly json: boolean
  /** Lines, even on a terminal. */
  readonly headless?: boolean
  readonly out: NodeJS.WriteStream
}

/** The screen that fits where the output goes. */
export function screenFor({ json, headless = false, out }: ScreenOptions): Screen {
  if (json) return new JsonScreen(out)
  return out.isTTY && !headless ? new TerminalScreen(out) : new LineScreen(out)
}

const fractionOf = (feedback: unknown): number | undefined => {
  const fraction =
    typeof feedback === 'object' && feedback !== null && 'fraction' in feedback ? feedback.fraction : undefined
  return typeof fraction === 'number' ? fraction : undefined
}

/** Plain lines: a start, quarters of the way, an end. */
class LineScreen implements Screen {
  readonly #out: NodeJS.WriteStream
  constructor(out: NodeJS.WriteStream) {
    this.#out = out
  }
  say(line: string): void {
    this.#out.write(`${line}\n`)
  }
  follow(handle: Handle<unknown, unknown>, label: string): void {
    void this.#quarters(handle, label)
  }
  async #quarters(handle: Handle<unknown, unknown>, label: string): Promise<void> {
    let shown = 0
    for await (const feedback of handle.feedback) {
      const quarter = Math.floor((fractionOf(feedback) ?? 0) * 4)
      if (quarter > shown) this.say(`  ${label} ${quarter * 25} %`)
      shown = Math.max(shown, quarter)
    }
  }
  problem(found: Problem): void {
    for (const line of problemLines(found)) this.say(line)
  }
  event(): void {}
  fact(_name: string, _value: unknown, text: string): void {
    this.say(text)
  }
  end(): void {}
}

/** Progress bars, with lines above them. */
class TerminalScreen implements Screen {
  readonly #bars: cliProgress.MultiBar
  #live = 0
  constructor(out: NodeJS.WriteStream) {
    this.#bars = new cliProgress.MultiBar(
      {
        stream: out,
        format: '  {label} {bar} {percentage} %',
        barsize: 32,
        hideCursor: true,
        clearOnComplete: true,
        // The terminal wraps long lines itself.
        linewrap: true,
        // The bars must not keep a program alive that has nothing else to do.
        gracefulExit: false,
        emptyOnZero: true,
      },
      cliProgress.Presets.shades_classic,
    )
  }
  say(line: string): void {
    this.#bars.log(`${line}\n`)
    if (this.#live === 0) this.#bars.update()
  }
  follow(handle: Handle<unknown, unknown>, label: string): void {
    void this.#bar(handle, label.padEnd(10))
  }
  async #bar(handle: Handle<unknown, unknown>, label: string): Promise<void> {
    const bar = this.#bars.create(1, 0, { label })
    this.#live++
    for await (const feedback of handle.feedback) {
      const fraction = fractionOf(feedback)
      if (fraction !== undefined) bar.update(fraction, { label })
    }
    bar.stop()
    this.#bars.remove(bar)
    this.#live--
  }
  problem(found: Problem): void {
    for (const line of problemLines(found)) this.say(line)
  }
  event(): void {}
  fact(_name: string, _value: unknown, text: string): void {
    this.say(text)
  }
  end(): void {
    this.#bars.update()
    this.#bars.stop()
  }
}

/** One object a line: events as they come, then the facts of the result. */
class JsonScreen implements Screen {
  readonly #out: NodeJS.WriteStream
  constructor(out: NodeJS.WriteStream) {
    this.#out = out
  }
  #write(value: object): void {
    this.#out.write(`${JSON.stringify(value)}\n`)
  }
  say(): void {}
  follow(): void {}
  problem(found: Problem): void {
    this.#write({ type: 'problem', ...found, cause: undefined })
  }
  event(event: RobotEvent): void {
    this.#write(event)
  }
  fact(name: string, value: unknown): void {
    this.#write({ type: 'fact', name, value })
  }
  end(): void {}
}
