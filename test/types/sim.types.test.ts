import { describe, expect, it } from 'vitest'
import { type FaultKind, type FaultPlan, faultKinds, parseFault } from '../../src/sim/index.ts'

describe('faults as data', () => {
  it('a misspelt kind or field does not compile', () => {
    const right: FaultPlan = { subject: 'pan', kind: 'over-temperature', value: 80, from: 1, until: 2 }
    // @ts-expect-error there is no such kind
    const kind: FaultPlan = { subject: 'pan', kind: 'overheat' }
    // @ts-expect-error there is no such field
    const field: FaultPlan = { subject: 'pan', kind: 'stuck', at: 3 }
    // @ts-expect-error times are numbers of seconds
    const time: FaultPlan = { subject: 'pan', kind: 'stuck', from: '3s' }
    expect([right, kind, field, time]).toHaveLength(4)
  })

  it('the names of kinds are a closed union, which a table can be made of', () => {
    const known: Record<FaultKind, boolean> = {
      drop: true,
      corrupt: true,
      delay: true,
      duplicate: true,
      split: true,
      silent: true,
      stuck: true,
      slow: true,
      overload: true,
      'over-temperature': true,
      'brown-out': true,
      echo: true,
      garbage: true,
      unplug: true,
    }
    expect(Object.keys(known).sort()).toEqual(Object.keys(faultKinds).sort())
    const { kind }: { readonly kind: FaultKind } = parseFault('pan=stuck')
    expect(kind).toBe('stuck')
  })
})
