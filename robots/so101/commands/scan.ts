import { buffer, type Radians, type Seconds } from 'tendon'
import { z } from 'zod'
import { so101 } from '../model.ts'
import { progress } from '../progress.ts'

/** What a compass said while it was read. */
export interface Headings {
  readonly readings: number
  /** Circular mean, 0 to 2 pi. Absent when nothing was read: there is no made-up zero. */
  readonly mean?: Radians
  /** How far single readings were from the mean at most. */
  readonly spread?: Radians
  /** From the first reading to the last. */
  readonly duration: Seconds
}

/** Reads the compass for a while, beside whatever moves, and says what it read. */
export const scan = so101.command({
  doc: 'Reads the compass for some seconds.',
  goal: z.object({ seconds: z.number().positive().max(20).default(2) }).default({ seconds: 2 }),
  feedback: progress,
  partial: z.object({ readings: z.number() }),
  category: 'sensing',
  // It moves nothing, so it may run in every state; the compass does not mind a robot without power.
  allowed: ['idle', 'recording', 'playback', 'disarmed'],
  onSafety: 'continue',
  async run({ goal, sensors, sleep, now, feedback, partial }) {
    const headings: { readonly value: Radians; readonly at: Seconds }[] = []
    const start = now()
    sensors.heading.subscribe(
      ({ value, at }) => {
        headings.push({ value: value.heading, at })
        partial({ readings: headings.length })
        feedback({ fraction: Math.min((at - start) / goal.seconds, 1) })
      },
      { overflow: buffer(64) },
    )
    await sleep(goal.seconds)
    return statisticsOf(headings)
  },
})

/** The mean of angles is that of their unit vectors: 359 and 1 degrees are 0 in the mean, not 180. */
function statisticsOf(headings: readonly { readonly value: Radians; readonly at: Seconds }[]): Headings {
  const [first, last] = [headings[0], headings.at(-1)]
  if (!first || !last) return { readings: 0, duration: 0 }
  const east = headings.reduce((sum, { value }) => sum + Math.sin(value), 0)
  const north = headings.reduce((sum, { value }) => sum + Math.cos(value), 0)
  const mean = Math.atan2(east, north)
  const off = headings.map(({ value }) => Math.abs(Math.atan2(Math.sin(value - mean), Math.cos(value - mean))))
  return {
    readings: headings.length,
    mean: (mean + 2 * Math.PI) % (2 * Math.PI),
    spread: Math.max(...off),
    duration: last.at - first.at,
  }
}
