import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CommandRecord } from '../../src/run/command-record.ts'
import { LiveRuns } from '../../src/run/live-runs.ts'
import { Run } from '../../src/run/run.ts'
import { bootArmed, model } from './fixture.ts'

const record = (command: string): CommandRecord => ({ command }) as CommandRecord
const runOf = (seq: number, command = 'work'): Run =>
  new Run(seq, record(command), undefined, undefined, 0, undefined, undefined)

describe('the live runs', () => {
  it('are found by id, and are listed oldest first, whoever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 99 }), { maxLength: 400 }), (choices) => {
        const runs = new LiveRuns()
        const live: Run[] = []
        const gone: Run[] = []
        let seq = 0
        for (const choice of choices) {
          const leaving = choice < 45 ? live.splice(choice % Math.max(1, live.length), 1)[0] : undefined
          if (leaving) {
            runs.delete(leaving)
            gone.push(leaving)
          } else {
            // Refused commands take sequence numbers too.
            seq += 1 + (choice % 3)
            const run = runOf(seq)
            runs.add(run)
            live.push(run)
          }
        }
        expect(runs.size).toBe(live.length)
        expect(runs.all()).toEqual(live)
        for (const run of live) expect(runs.find(run.id)).toBe(run)
        for (const run of gone) expect(runs.find(run.id)).toBeUndefined()
      }),
      { seed: 20_260_303, numRuns: 200 },
    )
  })

  it('are not found by the id of another command, nor by what is no id', () => {
    const runs = new LiveRuns()
    runs.add(runOf(7))
    for (const id of ['play-7', 'work-', 'work', '', 'work-7.5', 'work-NaN', 'work-23', '7'])
      expect(runs.find(id)).toBeUndefined()
  })

  it.each([1, 1024])('looks at a handful of runs to find one of ten thousand, each the %i-th', (distance) => {
    const runs = new LiveRuns()
    let looks = 0
    for (let i = 1; i <= 10_000; i++) {
      const run = runOf(i * distance)
      const { seq: own } = run
      Object.defineProperty(run, 'seq', {
        get: () => {
          looks++
          return own
        },
      })
      runs.add(run)
    }
    for (const id of [1, 77, 5000, 9999].map((i) => `work-${i * distance}`)) {
      looks = 0
      expect(runs.find(id)?.id).toBe(id)
      expect(looks).toBeLessThan(12)
    }
  })
})

describe('a robot without joints', () => {
  it('is armed without waiting for anything to settle', async () => {
    const { robot, clock } = await bootArmed(model.with({}))
    await clock.run(robot.disarm())
    const before = clock.now()
    expect(await clock.run(robot.arm())).toEqual({ armed: true })
    expect(clock.now()).toBe(before)
  })
})
