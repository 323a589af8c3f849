import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Problem, TendonError } from '../../src/base/problem.ts'
import {
  type FaultKind,
  type FaultPlan,
  faultKinds,
  formatFault,
  parseFault,
  scheduleFaults,
} from '../../src/sim/index.ts'
import { frame, high, low } from './rig.ts'
import { openWorld } from './world.ts'

const kinds = Object.keys(faultKinds) as FaultKind[]
const PING = frame(1, 1)

function problemOf(act: () => unknown): Problem {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof TendonError) return thrown.problem
    throw thrown
  }
  throw new Error('nothing was thrown')
}

describe('the kinds of faults', () => {
  it('are those that the documentation names', () => {
    expect(kinds.sort()).toEqual([
      'brown-out',
      'corrupt',
      'delay',
      'drop',
      'duplicate',
      'echo',
      'garbage',
      'over-temperature',
      'overload',
      'silent',
      'slow',
      'split',
      'stuck',
      'unplug',
    ])
  })
})

describe('a fault as text', () => {
  it.each([
    ['elbow_flex=stuck', { subject: 'elbow_flex', kind: 'stuck' }],
    ['elbow_flex=stuck@3s', { subject: 'elbow_flex', kind: 'stuck', from: 3 }],
    ['servos=unplug@2s..4s', { subject: 'servos', kind: 'unplug', from: 2, until: 4 }],
    ['gripper=drop:0.2@1s', { subject: 'gripper', kind: 'drop', value: 0.2, from: 1 }],
    ['gripper=drop:20%@0.5..1.5', { subject: 'gripper', kind: 'drop', value: 0.2, from: 0.5, until: 1.5 }],
    ['shoulder_pan=delay:5ms', { subject: 'shoulder_pan', kind: 'delay', value: 0.005 }],
    ['all=brown-out:2.9V@250ms..1s', { subject: 'all', kind: 'brown-out', value: 2.9, from: 0.25, until: 1 }],
    [' all=over-temperature:90C ', { subject: 'all', kind: 'over-temperature', value: 90 }],
  ])('%s is read', (text, plan) => {
    expect(parseFault(text)).toEqual(plan)
  })

  it.each([
    ['elbow_flex', 'elbow_flex=stuck@3s'],
    ['=stuck', 'elbow_flex=stuck@3s'],
    ['elbow_flex=stuk@3s', 'elbow_flex=stuck@3s'],
    ['elbow_flex=brownout', 'elbow_flex=brown-out'],
    ['elbow_flex=stuck:1', 'elbow_flex=stuck'],
    ['elbow_flex=drop:1.5', 'elbow_flex=drop:0.2'],
    ['elbow_flex=drop:-1', 'elbow_flex=drop:0.2'],
    ['elbow_flex=delay:5min', 'elbow_flex=delay:0.005s'],
    ['elbow_flex=delay:11', 'elbow_flex=delay:0.005s'],
    ['elbow_flex=stuck@soon', 'elbow_flex=stuck@3s'],
    ['elbow_flex=stuck@..3s', 'elbow_flex=stuck@3s'],
    ['elbow_flex=stuck@3s..2s', 'elbow_flex=stuck@1s..2s'],
    ['elbow_flex=stuck@3s..3s', 'elbow_flex=stuck@1s..2s'],
    ['elbow_flex=stuck@90000s', 'elbow_flex=stuck@3s'],
  ])('%s is refused, with what to write', (text, instead) => {
    const found = problemOf(() => parseFault(text))
    expect(found.code).toBe('TENDON_SIM_FAULT_INVALID')
    expect(found.fix).toContain(instead)
    expect(found.facts.instead).toBe(instead)
    expect(() => parseFault(instead)).not.toThrow()
  })

  it('a kind that nothing is near to lists them all', () => {
    const { why } = problemOf(() => parseFault('elbow_flex=zzzzzz'))
    for (const kind of kinds) expect(why).toContain(kind)
  })

  it('reads back as the plan that it was written from', () => {
    const seconds = fc.integer({ min: 0, max: 1000 }).map((n) => n / 8)
    const plans = fc
      .record({
        kind: fc.constantFrom(...kinds),
        from: fc.option(seconds),
        lasts: fc.option(seconds),
        share: fc.integer({ min: -50, max: 200 }),
      })
      .map(({ kind, from, lasts, share }): FaultPlan => {
        const { value } = { value: undefined, ...faultKinds[kind] } as { value?: { min: number; max: number } }
        const until = lasts === null ? undefined : (from ?? 0) + lasts + 0.125
        const amount = value && Math.min(Math.max(share, value.min), value.max)
        return { subject: 'pan', kind, value: amount, from: from ?? (until === undefined ? undefined : 0), until }
      })
    fc.assert(
      fc.property(plans, (plan) => {
        expect(parseFault(formatFault(plan))).toEqual(plan)
      }),
    )
  })
})

describe('scheduled faults', () => {
  it('begin and end at their times on the clock, counted from the call', async () => {
    const { ask, clock, sim } = await openWorld()
    await clock.advance(7)
    scheduleFaults(sim, clock, ['pan=silent@3s..4s'])
    await clock.advance(2.9)
    expect(await ask(PING)).toHaveLength(1)
    await clock.advance(0.2)
    expect(await ask(PING)).toEqual([])
    await clock.advance(0.9)
    expect(await ask(PING)).toHaveLength(1)
    expect(clock.pending).toBe(0)
  })

  it('without a time begin before the call returns, and stay', async () => {
    const { ask, clock, sim } = await openWorld()
    scheduleFaults(sim, clock, [{ subject: 'pan', kind: 'silent' }])
    await clock.advance(3600)
    expect(await ask(PING)).toEqual([])
  })

  it('of a bus or of all are those of each of its servos', async () => {
    for (const subject of ['servos', 'all']) {
      const { ask, clock, sim } = await openWorld()
      scheduleFaults(sim, clock, [`${subject}=silent`])
      expect(await ask(frame(0xfe, 1))).toEqual([])
    }
  })

  it('are withdrawn by the function that is returned: none begins any more, and those that are on end', async () => {
    const { ask, clock, sim } = await openWorld()
    const withdraw = scheduleFaults(sim, clock, ['pan=silent', 'lift=silent@5s', 'all=unplug@6s'])
    withdraw()
    withdraw()
    expect(clock.pending).toBe(0)
    expect(await ask(frame(0xfe, 1), 10)).toHaveLength(3)
  })

  it.each(kinds)('%s changes what a simulation does, and when it has ended nothing of it is left', async (kind) => {
    const play = async (plans: readonly string[]): Promise<string[]> => {
      const { clock, sim, port, host } = await openWorld()
      const told: string[] = []
      let line = host
      const listen = (): void => {
        line.onBytes((bytes) => told.push(`${clock.now().toFixed(7)} ${bytes.join(' ')}`))
        line.onLost(({ code }) => told.push(code))
      }
      listen()
      scheduleFaults(sim, clock, plans)
      for (let step = 0; step < 120; step++) {
        if (step === 60) {
          told.push('ended')
          // Whoever lost its cable opens the port again, and power goes off and on for alarms that latch.
          if (!line.isOpen) {
            line = await port.open({ clock })
            listen()
          }
          for (const servo of sim.servos) {
            servo.powerCycle()
            servo.turnTo(0)
          }
        }
        if (line.isOpen) {
          if (step % 60 === 0) line.write(frame(0xfe, 3, 40, 1))
          if (step % 60 === 3) line.write(frame(1, 3, 42, low(2600), high(2600)))
          // Not the temperature: a motor that was stuck is warmer afterwards.
          if (step % 60 > 5) line.write(frame(0xfe, 0x82, 56, 7, 1, 2, 3))
        }
        await clock.advance(0.05)
      }
      return told
    }
    const clean = await play([])
    const faulty = await play([`all=${kind}@0.01s..2.9s`])
    const parts = (told: readonly string[]): [string[], string[]] => {
      const middle = told.indexOf('ended')
      return [told.slice(0, middle), told.slice(middle)]
    }
    expect(parts(faulty)[0]).not.toEqual(parts(clean)[0])
    const bytesOf = (lines: readonly string[]): string[] => lines.map((line) => line.split(' ').slice(1).join(' '))
    expect(bytesOf(parts(faulty)[1]).slice(20)).toEqual(bytesOf(parts(clean)[1]).slice(20))
  })

  it('for a joint or bus that is not there are refused before any begins, with near names', async () => {
    const { ask, clock, sim } = await openWorld()
    const found = problemOf(() => scheduleFaults(sim, clock, ['pan=silent', 'lif=stuck']))
    expect([found.code, found.fix]).toEqual(['TENDON_SIM_UNKNOWN_NAME', 'Use lift.'])
    expect(await ask(PING)).toHaveLength(1)
    expect(problemOf(() => scheduleFaults(sim, clock, ['servo=unplug'])).fix).toBe('Use servos.')
  })

  it('of a bus cannot be those of a joint: the bus is proposed', async () => {
    const { clock, sim } = await openWorld()
    const found = problemOf(() => scheduleFaults(sim, clock, ['pan=unplug@1s..2s']))
    expect([found.code, found.facts.instead]).toEqual(['TENDON_SIM_FAULT_INVALID', 'servos=unplug@1s..2s'])
  })
})
