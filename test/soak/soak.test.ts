import { env } from 'node:process'
import { describe, expect, it } from 'vitest'
import { faultKinds } from '../../src/sim/index.ts'
import { Life } from './life.ts'
import { Memory, mebibytes } from './memory.ts'

/** TENDON_SEED=<seed> plays another two hours, or the same again. */
const seed = Number(env.TENDON_SEED ?? 20_260_301)
const HOUR = 3600
/** TENDON_SOAK_HOURS makes it longer. */
const hours = Number(env.TENDON_SOAK_HOURS ?? 2)
const REST_EVERY = 300
/**
 * What the second half may have more than the first: one kilobyte a command, eight bytes a frame. Up to half of it is the
 * compiler's: machine code and what it has learned, which goes on growing for hours.
 */
const MOST_GROWTH = 2 * 2 ** 20

const MUST_BE_REACHED = [
  ...['ended succeeded', 'ended failed', 'interrupted', 'latched', 'reset', 'transition', 'arm_refused'],
  ...['requested', 'preempted', 'safety'].map((reason) => `ended canceled ${reason}`),
  ...[
    'verdict true',
    'verdict false',
    'repaired',
    'restart',
    'note bus_back',
    'retire',
    'cancel',
    'cancel all',
    'cancel motion',
  ],
  ...['TENDON_SERVO_ALARM', 'TENDON_SERVO_LOST', 'TENDON_HARDWARE_LOST', 'TENDON_DISARM_NOT_CONFIRMED'].map(
    (code) => `fault ${code}`,
  ),
]

describe('the SO-101 in a bad neighbourhood', () => {
  it(`${hours} simulated hours of random commands, stops and faults of every kind keep every promise, and memory stays flat`, async () => {
    const began = performance.now()
    const warnings: string[] = []
    const onWarning = (warning: Error): unknown => warnings.push(`${warning.name}: ${warning.message}`)
    process.on('warning', onWarning)
    console.log(`seed ${seed}: TENDON_SEED=${seed} npm run test:soak plays it again`)
    const life = await Life.begin(seed)
    const memory = new Memory()
    const end = hours * HOUR
    for (let at = REST_EVERY; at <= end; at += REST_EVERY) {
      await life.until(at)
      await life.rest()
      memory.take(life.clock.now())
    }
    await life.end()
    process.off('warning', onWarning)

    const [first, second] = [memory.median(end / 8, end / 2), memory.median(end / 2, Infinity)]
    console.log(
      `${life.frames} frames in ${((performance.now() - began) / 1000).toFixed(0)} s; ${life.compass.said} sentences, compass lost ${life.compass.lost} times`,
    )
    console.log(`heap ${mebibytes(first)} in the first half, ${mebibytes(second)} in the second: ${memory}`)
    const troubles = [...life.troubles.tally].map(([kind, count]) => [`trouble ${kind}`, count] as const)
    console.log(
      [...life.tally, ...troubles]
        .map(([kind, count]) => `${kind}: ${count}`)
        .sort()
        .join('\n'),
    )
    expect(second - first).toBeLessThan(MOST_GROWTH)
    expect(warnings).toEqual([])
    if (hours < 2) return
    expect(MUST_BE_REACHED.filter((kind) => (life.tally.get(kind) ?? 0) < 3)).toEqual([])
    expect(Object.keys(faultKinds).filter((kind) => !life.troubles.tally.has(kind as never))).toEqual([])
  })
})
