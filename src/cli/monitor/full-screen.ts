import { writeSync } from 'node:fs'

/** Another screen than that of the shell, no cursor, no wrapping; and back. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J'
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const REST_OF_LINE = '\u001b[K'
const REST_OF_SCREEN = '\u001b[J'

const KEYS = { stop: 0x20, leave: 0x71, interrupt: 0x03 } as const
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

export interface KeyListeners {
  stop(): void
  leave(): void
}

/** What a full screen is drawn on. */
export interface Terminal {
  readonly out: Pick<NodeJS.WriteStream, 'write' | 'on' | 'off' | 'columns' | 'rows' | 'writableNeedDrain'>
  readonly input: Pick<NodeJS.ReadStream, 'setRawMode' | 'resume' | 'pause' | 'on' | 'off'>
  /** Writes before it returns. */
  writeNow(text: string): unknown
}

const processTerminal = (): Terminal => ({
  out: process.stdout,
  input: process.stdin,
  writeNow: (text) => writeSync(process.stdout.fd, text),
})

/**
 * The whole terminal, until `close`. It is given back however this process ends, but for SIGKILL: at its exit, by a
 * signal, by a crash.
 */
export class FullScreen {
  readonly #out: Terminal['out']
  readonly #in: Terminal['input']
  readonly #onKeys: (keys: Buffer) => void
  readonly #onSignal: () => void
  readonly #restore = (): void => this.close()
  readonly #onResize: () => void
  readonly #writeNow: (text: string) => unknown
  #shown = ''
  #open = true

  constructor(listeners: KeyListeners, onResize: () => void, terminal: Terminal = processTerminal()) {
    const { out, input } = terminal
    this.#writeNow = terminal.writeNow
    this.#out = out
    this.#in = input
    this.#onKeys = (keys) => {
      // A stop goes first, whatever else was typed with it.
      if (keys.includes(KEYS.stop)) listeners.stop()
      if (keys.includes(KEYS.leave) || keys.includes(KEYS.interrupt)) listeners.leave()
    }
    this.#onSignal = () => listeners.leave()
    this.#onResize = () => {
      this.#shown = ''
      onResize()
    }
    out.write(ENTER)
    input.setRawMode(true)
    input.resume()
    input.on('data', this.#onKeys)
    out.on('resize', this.#onResize)
    for (const signal of SIGNALS) process.on(signal, this.#onSignal)
    process.on('exit', this.#restore)
    // Before the error is printed: on the screen of the shell it can be read.
    process.on('uncaughtExceptionMonitor', this.#restore)
  }

  get size(): { readonly columns: number; readonly rows: number } {
    // A terminal that does not say how large it is says 0.
    return { columns: this.#out.columns || 80, rows: this.#out.rows || 24 }
  }

  /** Draws in place, and only what is not there already; not while the terminal has not taken what came before. */
  draw(lines: readonly string[]): void {
    const text = lines.map((line) => `${line}${REST_OF_LINE}`).join('\r\n')
    if (!this.#open || text === this.#shown || this.#out.writableNeedDrain) return
    this.#shown = text
    this.#out.write(`${HOME}${text}${REST_OF_SCREEN}`)
  }

  /** Gives the terminal back. Doing it twice does nothing. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#in.off('data', this.#onKeys)
    this.#out.off('resize', this.#onResize)
    for (const signal of SIGNALS) process.off(signal, this.#onSignal)
    process.off('exit', this.#restore)
    process.off('uncaughtExceptionMonitor', this.#restore)
    try {
      // At once: in an exit nothing that waits is written any more. A terminal that was closed takes neither.
      this.#writeNow(LEAVE)
      this.#in.setRawMode(false)
    } catch {}
    this.#in.pause()
  }
}
