import { describe } from 'vitest'
import type { Framing } from '../../src/framing/index.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import { catalogue, type Entry } from '../framing/catalogue.ts'
import { BUDGET, CRC16, fuzzAll, type Opened, type Subject } from './rubbish.ts'

function opened(framing: Framing<unknown>, gap: number | undefined, found: (frame: unknown) => void): Opened {
  const clock = new VirtualClock()
  const decoder = framing.create({ clock })
  const emit = { frame: found, bad: () => {} }
  return {
    push: (chunk) => decoder.push(chunk, emit),
    ...(gap === undefined ? {} : { silence: () => clock.advance(gap) }),
    close: () => decoder.close?.(),
  }
}

function framed({ framing, wires, max, gap }: Entry, name: string): Subject {
  return {
    open: (found) => opened(framing, gap, found),
    wires,
    max,
    ...(name.startsWith('Modbus') ? { byChance: CRC16 } : {}),
  }
}

describe(`${BUDGET} bytes of rubbish and mutated frames`, () => {
  fuzzAll(Object.fromEntries(Object.entries(catalogue).map(([name, entry]) => [name, framed(entry, name)])))
})
