import fc from 'fast-check'
import { below } from 'tendon'
import { describe, expect, it } from 'vitest'
import { boot, room } from './fixture.ts'

/** Times are whole eighths of a second, so that sums of them are exact. */
const TICK = 1 / 8

interface World {
  readonly limit: number
  readonly hysteresis: number
  readonly forAtLeast: number
  readonly cooldown: number
  /** Ticks since the one before, and the value; NaN included. */
  readonly readings: readonly (readonly [gap: number, value: number])[]
}

interface Heard {
  readonly at: number
  readonly value: number
}

/** A firing, and how many readings had been heard by then. */
interface Firing {
  readonly at: number
  readonly heard: number
}

/** The rule as one would explain it, without a state machine: it goes over the whole past at every tick. */
function reference({ limit, hysteresis, forAtLeast, cooldown, readings }: World): number[] {
  const timed: Heard[] = []
  for (const [gap, value] of readings) timed.push({ at: (timed.at(-1)?.at ?? 0) + gap, value })
  const end = (timed.at(-1)?.at ?? 0) + forAtLeast + cooldown
  const firings: Firing[] = []
  for (let now = 0; now <= end; now++) {
    // What is due is judged before the readings of this tick, and after each of them.
    const heard = timed.filter(({ at }) => at < now)
    for (const coming of [undefined, ...timed.filter(({ at }) => at === now)]) {
      if (coming) heard.push(coming)
      const last = firings.at(-1)
      if (last && now < last.at + cooldown) continue
      const from = last ? firstOver(heard, last.heard, limit + hysteresis) : 0
      if (holdsFor(heard, from, now, limit, forAtLeast)) firings.push({ at: now, heard: heard.length })
    }
  }
  return firings.map(({ at }) => at)
}

/** The index of the first reading, of those after the last firing, that was over. */
function firstOver(heard: readonly Heard[], after: number, over: number): number {
  const index = heard.findIndex(({ value }, i) => i >= after && value >= over)
  return index < 0 ? heard.length : index
}

/** Whether all newest readings from some index on are below the limit, and the first of them is old enough. */
function holdsFor(heard: readonly Heard[], from: number, now: number, limit: number, forAtLeast: number): boolean {
  let first: number | undefined
  for (let i = heard.length - 1; i >= from && (heard[i]?.value ?? Number.NaN) < limit; i--) first = heard[i]?.at
  return first !== undefined && now - first >= forAtLeast
}

async function evaluator(world: World): Promise<number[]> {
  const { sensors, model } = room()
  const fires: number[] = []
  const { limit, hysteresis } = world
  const definition = model.with({}).rules({
    low: {
      when: below('room', (t) => t, limit, { hysteresis, forAtLeast: world.forAtLeast * TICK }),
      cooldown: world.cooldown * TICK,
      call: () => {
        fires.push(clock.now() / TICK)
      },
    },
  })
  const { robot, clock } = await boot(definition, { armed: false })
  for (const [gap, value] of world.readings) {
    if (gap > 0) await clock.advance(gap * TICK)
    sensors.room.say(value)
  }
  await clock.advance((world.forAtLeast + world.cooldown) * TICK)
  await clock.run(robot.close())
  return fires
}

const worlds: fc.Arbitrary<World> = fc.record({
  limit: fc.constant(5),
  hysteresis: fc.integer({ min: 0, max: 3 }),
  forAtLeast: fc.integer({ min: 0, max: 6 }),
  cooldown: fc.integer({ min: 0, max: 12 }),
  readings: fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 4 }),
      fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 10 }) }, { weight: 1, arbitrary: fc.constant(NaN) }),
    ),
    { maxLength: 30 },
  ),
})

describe('a rule', () => {
  it('fires when a naive reading of its whole past says so, over random values and times', {
    timeout: 60_000,
  }, async () => {
    let fired = 0
    await fc.assert(
      fc.asyncProperty(worlds, async (world) => {
        const fires = await evaluator(world)
        fired += fires.length
        expect(fires).toEqual(reference(world))
      }),
      { numRuns: 400 },
    )
    expect(fired).toBeGreaterThan(200)
  })
})
