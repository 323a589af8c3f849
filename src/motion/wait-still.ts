import type { Seconds } from '../base/units.ts'
import type { Axis } from './axis.ts'
import type { Rig } from './rig.ts'

/** How long to wait, and what ends the wait early. */
export interface StillWait {
  readonly cap: Seconds
  /** What is waited for, of each joint; default: at rest. */
  readonly until?: ((axis: Axis) => boolean) | undefined
  /** Not waited for any longer once it says so: a servo that does not answer will not be read still either. */
  readonly giveUp?: ((axis: Axis) => boolean) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Its setpoint rests, and its servo has been read at rest since. */
export const isAtRest = (axis: Axis): boolean => !axis.isMoving && axis.still.isStill && axis.misses === 0

/**
 * Waits, with all loops concerned at full rate, until every joint has been read standing still. Resolves to the joints
 * that were not, when `cap` has passed, `signal` has aborted, or only given-up ones are left. Never rejects.
 */
export function waitStill(
  rig: Rig,
  axes: readonly Axis[],
  { cap, until = isAtRest, giveUp, signal }: StillWait,
): Promise<readonly Axis[]> {
  const moving = (): Axis[] => axes.filter((axis) => !until(axis))
  const done = (): boolean => moving().every((axis) => giveUp?.(axis) ?? false)
  if (done() || signal?.aborted) return Promise.resolve(moving())
  return new Promise((resolve) => {
    const channels = rig.channelsOf(axes)
    const end = (): void => {
      timer.cancel()
      signal?.removeEventListener('abort', end)
      for (const release of releases) release()
      resolve(moving())
    }
    const check = (): void => {
      if (done()) end()
    }
    const timer = rig.env.clock.after(cap, end)
    signal?.addEventListener('abort', end, { once: true })
    const releases = channels.flatMap(({ loop }) => [loop.hurry(), loop.onRead(check)])
    releases.push(rig.onClose(end))
  })
}
