import type { Framing } from '../../src/framing/framing.ts'

export interface Decoded<Frame> {
  readonly frames: Frame[]
  readonly bad: Record<string, number>
  /** Frames and reasons in the order in which they came. */
  readonly events: (Frame | string)[]
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

export function join(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

/** What a fresh decoder makes of these chunks. */
export function decode<Frame>(framing: Framing<Frame>, chunks: readonly (Uint8Array | string)[]): Decoded<Frame> {
  const decoder = framing.create()
  const result: Decoded<Frame> = { frames: [], bad: {}, events: [] }
  const emit = {
    frame(frame: Frame) {
      result.frames.push(frame)
      result.events.push(frame)
    },
    bad(reason: string) {
      result.bad[reason] = (result.bad[reason] ?? 0) + 1
      result.events.push(reason)
    },
  }
  for (const chunk of chunks) decoder.push(typeof chunk === 'string' ? bytes(chunk) : chunk, emit)
  return result
}

/** Cuts `input` into chunks of these sizes, used over and over. */
export function chunked(input: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0, i = 0; at < input.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    chunks.push(input.slice(at, at + size))
    at += size
  }
  return chunks
}
