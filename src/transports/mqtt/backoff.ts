import type { Seconds } from '../../base/units.ts'

/** The wait before the second try to connect. */
const FIRST: Seconds = 0.1

/**
 * How long to wait before the next try: doubling from a tenth of a second up to `limit`, the upper half of it spread by
 * the client's name, so that a hall full of robots does not come back to a restarted broker all at once. Never over
 * `limit`.
 */
export function backoff(failures: number, limit: Seconds, clientId: string): Seconds {
  const whole = Math.min(FIRST * 2 ** Math.min(failures, 30), limit)
  return whole * (0.5 + 0.5 * spread(`${clientId}#${failures}`))
}

/** A number from 0 to 1 that is always the same for a text (FNV-1a). */
function spread(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash / 0xffffffff
}
