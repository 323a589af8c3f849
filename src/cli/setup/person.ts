import { createInterface, type Interface } from 'node:readline'
import { signalsAsAbort } from '../leaving.ts'
import { UsageError } from '../usage-error.ts'

/** How a shell sees a program that Ctrl-C has ended. */
const INTERRUPTED = 130

/** Runs it until a signal asks to leave; gives its exit code, or that of Ctrl-C. What it opened it closes itself. */
export async function untilInterrupted(work: (leaving: AbortSignal) => Promise<number>): Promise<number> {
  const { leaving, forget } = signalsAsAbort()
  try {
    return await work(leaving)
  } catch (error) {
    if (leaving.aborted && error === leaving.reason) return INTERRUPTED
    throw error
  } finally {
    forget()
  }
}

/** Whether somebody can see a question and answer it. */
export const somebodyIsThere = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

/** Lines that may wait for a question, where they do not come from a terminal. */
const MOST_LINES = 64

/**
 * Whoever sits at standard input. Questions go to standard error, so that standard output stays what it is. At a
 * terminal, what was typed before the question is no answer to it. Every question rejects with the signal's reason when
 * that aborts.
 */
export class Person {
  readonly #leaving: AbortSignal
  readonly #lines: Interface
  readonly #typed: string[] = []
  #wake: (() => void) | undefined
  #gone = false

  constructor(leaving: AbortSignal) {
    this.#leaving = leaving
    // No line editing: in raw mode Ctrl-C would be a key, and here it must stay a signal.
    this.#lines = createInterface({ input: process.stdin, terminal: false })
    this.#lines.on('line', (line) => {
      if (this.#wake || (!process.stdin.isTTY && this.#typed.length < MOST_LINES)) this.#typed.push(line)
      this.#wake?.()
    })
    this.#lines.on('close', () => {
      this.#gone = true
      this.#wake?.()
    })
    leaving.addEventListener('abort', this.#onLeaving, { once: true })
  }

  /** What is typed until Enter; undefined when nobody is there any more. */
  async line(question: string): Promise<string | undefined> {
    process.stderr.write(question)
    while (this.#typed.length === 0 && !this.#gone && !this.#leaving.aborted)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    this.#wake = undefined
    this.#leaving.throwIfAborted()
    return this.#typed.shift()
  }

  /** Waits for Enter; `question`: what is said first. Rejects with a `UsageError` where nobody is there any more. */
  async enter(question = ''): Promise<void> {
    if ((await this.line(question)) === undefined)
      throw new UsageError('Nobody is there to press Enter.', 'Run it at a terminal.')
  }

  /** Whether the answer begins with y; anything else, and nobody, is no. */
  async agrees(question: string): Promise<boolean> {
    const answer = await this.line(`${question} [y/N] `)
    return /^\s*y/i.test(answer ?? '')
  }

  /** Gives the terminal back. */
  close(): void {
    this.#leaving.removeEventListener('abort', this.#onLeaving)
    this.#lines.close()
    process.stdin.pause()
  }

  readonly #onLeaving = (): void => this.#wake?.()
}
