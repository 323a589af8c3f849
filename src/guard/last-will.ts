import type { Seconds } from '../base/units.ts'
import type { Will, WillDeed } from './contract.ts'

/** What a will is carried out with. Everything waits in place: nothing else is left to do, and nothing may come between. */
export interface WillTools {
  /** Hands bytes to the line; returns how many it took. Throws an error with a `code`, as the system does. */
  write(bytes: Uint8Array): number
  sleep(seconds: Seconds): void
  /** Kills the program, and gives it a moment to be gone. */
  silence(): void
  /** Whether it is certainly not there any more, now or before the patience ends. */
  isGone(patience: Seconds): boolean
}

/** What was done. */
export interface WillReport {
  readonly gone: boolean
  readonly wrote: readonly WillDeed[]
}

/** How often a port that is full is tried again, and how long after. A millisecond is 100 bytes at 1 Mbaud. */
const FULL_TRIES = 100
const FULL_WAIT: Seconds = 0.001
/** One frame gap, before the first copy: what the program wrote last is on its way out. */
const FRAME_GAP: Seconds = 0.001
/** How long the system may take to take a killed program apart before it counts as one that could not be killed. */
const BURIAL: Seconds = 1

/**
 * Carries a will out: the program first, so that it cannot write again when it is resumed; then the halt frame; after
 * the cap the off frame. `told` hears of the first half before the wait, should somebody end the guard meanwhile.
 * Never throws, and always ends: a port that is gone, or stays full, is reported.
 */
export function carryOut(will: Will, tools: WillTools, told: (report: WillReport) => void): WillReport {
  tools.silence()
  const halt = writeCopies('halt', will.halt, will, tools)
  if (!will.off) return { gone: tools.isGone(BURIAL), wrote: [halt] }
  told({ gone: tools.isGone(0), wrote: [halt] })
  tools.sleep(will.offAfter)
  const off = writeCopies('off', will.off, will, tools)
  return { gone: tools.isGone(BURIAL), wrote: [halt, off] }
}

function writeCopies(frame: 'halt' | 'off', bytes: Uint8Array, { repeat, gap }: Will, tools: WillTools): WillDeed {
  const deed = { frame, bytes: Buffer.from(bytes).toString('hex') }
  for (let copies = 0; copies < repeat; copies++) {
    tools.sleep(copies === 0 ? FRAME_GAP : gap)
    const trouble = writeAll(bytes, tools)
    if (trouble !== undefined) return { ...deed, copies, trouble }
  }
  return { ...deed, copies: repeat }
}

/** Writes it whole; gives the code of what kept it from that. */
function writeAll(bytes: Uint8Array, { write, sleep }: WillTools): string | undefined {
  let left = bytes
  for (let tries = 0; tries < FULL_TRIES; tries++) {
    try {
      left = left.subarray(write(left))
    } catch (thrown) {
      const code = String((thrown as { code?: unknown }).code ?? thrown)
      if (code !== 'EAGAIN' && code !== 'EINTR') return code
    }
    if (left.length === 0) return undefined
    sleep(FULL_WAIT)
  }
  return 'EAGAIN'
}
