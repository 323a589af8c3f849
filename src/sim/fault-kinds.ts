import type { Faults } from './faults.ts'

/** What the number of a fault means. */
export interface FaultValue {
  /** `share` is 0 to 1, or written in percent. */
  readonly unit: 'share' | 's' | 'C' | 'V'
  /** Where none is written. */
  readonly usual: number
  readonly min: number
  readonly max: number
}

/** A kind of fault that can be scheduled: whose it is, what its number means, and how it begins and ends. */
export interface FaultKindSpec {
  readonly doc: string
  readonly of: 'servo' | 'bus'
  readonly value?: FaultValue
  /** `name` is a joint with a servo, or a bus. */
  begin(faults: Faults, name: string, value: number): void
  end(faults: Faults, name: string): void
}

const share = (usual: number): FaultValue => ({ unit: 'share', usual, min: 0, max: 1 })
const kind = (spec: FaultKindSpec): FaultKindSpec => spec

/** Every fault by its name on the command line. */
export const faultKinds = {
  drop: kind({
    doc: 'this share of its replies is lost',
    of: 'servo',
    value: share(0.2),
    begin: (faults, joint, probability) => faults.dropReplies(joint, { probability }),
    end: (faults, joint) => faults.dropReplies(joint, undefined),
  }),
  corrupt: kind({
    doc: 'one bit of this share of its replies is flipped',
    of: 'servo',
    value: share(0.2),
    begin: (faults, joint, probability) => faults.corruptReplies(joint, { probability }),
    end: (faults, joint) => faults.corruptReplies(joint, undefined),
  }),
  delay: kind({
    doc: 'its replies are late by this',
    of: 'servo',
    value: { unit: 's', usual: 0.005, min: 0, max: 10 },
    begin: (faults, joint, late) => faults.delayReplies(joint, late),
    end: (faults, joint) => faults.delayReplies(joint, undefined),
  }),
  duplicate: kind({
    doc: 'this share of its replies comes twice',
    of: 'servo',
    value: share(0.2),
    begin: (faults, joint, probability) => faults.duplicateReplies(joint, { probability }),
    end: (faults, joint) => faults.duplicateReplies(joint, undefined),
  }),
  split: kind({
    doc: 'this share of its replies reaches the host in pieces',
    of: 'servo',
    value: share(1),
    begin: (faults, joint, probability) => faults.splitReplies(joint, { probability }),
    end: (faults, joint) => faults.splitReplies(joint, undefined),
  }),
  silent: kind({
    doc: 'its data line is cut: it hears and says nothing, and keeps its power',
    of: 'servo',
    begin: (faults, joint) => faults.silence(joint),
    end: (faults, joint) => faults.unsilence(joint),
  }),
  stuck: kind({
    doc: 'something holds the joint where it is',
    of: 'servo',
    begin: (faults, joint) => faults.jam(joint),
    end: (faults, joint) => faults.free(joint),
  }),
  slow: kind({
    doc: 'it follows at this share of its speed',
    of: 'servo',
    value: share(0.3),
    begin: (faults, joint, pace) => faults.slow(joint, pace),
    end: (faults, joint) => faults.slow(joint, 1),
  }),
  overload: kind({
    doc: 'its overload alarm trips; torque off clears it',
    of: 'servo',
    begin: (faults, joint) => faults.overload(joint),
    end: (faults, joint) => faults.relieve(joint),
  }),
  'over-temperature': kind({
    doc: 'its sensor shows this temperature',
    of: 'servo',
    value: { unit: 'C', usual: 75, min: -40, max: 150 },
    begin: (faults, joint, celsius) => faults.heat(joint, celsius),
    end: (faults, joint) => faults.heat(joint, undefined),
  }),
  'brown-out': kind({
    doc: 'its supply sags to this; below 3 V it goes out, and starts anew when the supply is back',
    of: 'servo',
    value: { unit: 'V', usual: 2.5, min: 0, max: 12 },
    begin: (faults, joint, volts) => faults.supply(volts, joint),
    end: (faults, joint) => faults.supply(undefined, joint),
  }),
  echo: kind({
    doc: 'the host hears its own bytes',
    of: 'bus',
    begin: (faults, bus) => faults.echo(bus),
    end: (faults, bus) => faults.endEcho(bus),
  }),
  garbage: kind({
    doc: 'random bytes come behind this share of the frames of the host',
    of: 'bus',
    value: share(0.2),
    begin: (faults, bus, probability) => faults.garbage({ probability }, bus),
    end: (faults, bus) => faults.garbage(undefined, bus),
  }),
  unplug: kind({
    doc: 'the cable of the bus is out',
    of: 'bus',
    begin: (faults, bus) => faults.unplug(bus),
    end: (faults, bus) => faults.plug(bus),
  }),
} as const satisfies Record<string, FaultKindSpec>

/** The name of a fault. */
export type FaultKind = keyof typeof faultKinds
