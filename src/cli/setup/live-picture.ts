import type { Output } from '../output.ts'

/** How often a picture may change, in milliseconds. */
const FRAME = 100

/**
 * Lines that show how things are now. On a terminal they are drawn again in their place; elsewhere nothing of it is, and
 * whoever uses it says what has changed in lines of its own.
 */
export class LivePicture {
  readonly #moves: boolean
  #height = 0
  #drawn = -Infinity

  constructor({ terminal }: Output) {
    this.#moves = terminal
  }

  /** Whether it is drawn at all. */
  get moves(): boolean {
    return this.#moves
  }

  draw(lines: readonly string[]): void {
    const now = performance.now()
    if (!this.#moves || now - this.#drawn < FRAME) return
    this.#drawn = now
    this.#show(lines)
  }

  /** Draws it for the last time; this one stays. */
  end(lines: readonly string[]): void {
    if (this.#moves) this.#show(lines)
    this.#height = 0
    this.#drawn = -Infinity
  }

  #show(lines: readonly string[]): void {
    // A line that the terminal breaks in two would make the next picture begin too low.
    const width = process.stdout.columns || 80
    const shown = lines.map((line) => line.slice(0, width))
    process.stdout.write(`${this.#back()}${shown.map((line) => `${line}\u001b[K\n`).join('')}`)
    this.#height = shown.length
  }

  #back(): string {
    return this.#height === 0 ? '' : `\u001b[${this.#height}A\r`
  }
}
