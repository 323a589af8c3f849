import { describe, expect, test } from 'vitest'
import type { Problem } from '../../src/base/problem.ts'
import { fixedLength, framedSensor } from '../../src/framing/index.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { FakePort } from './fake-port.ts'

async function listening() {
  const port = new FakePort()
  const clock = new VirtualClock()
  const seen: (number | string)[] = []
  const spec = framedSensor(port, fixedLength({ length: 2, idleGap: 0.05 }), ([, value = 0]) => ({ value }))
  const connection = await spec.open(
    { clock },
    {
      value: (value) => seen.push(value),
      bad: (reason) => seen.push(reason),
      ignored: () => {},
      lost: () => seen.push('lost'),
    },
  )
  return { port, clock, seen, connection }
}

describe('a sensor whose frames a silence ends', () => {
  test('reads them on the clock of the robot', async () => {
    const { port, clock, seen } = await listening()
    port.feed(Uint8Array.of(1, 7))
    expect(seen).toEqual([])
    await clock.advance(0.05)
    port.feed(Uint8Array.of(1))
    await clock.advance(0.05)
    expect(seen).toEqual([7, 'length'])
  })

  test('leaves no timer when it is closed, and delivers nothing more', async () => {
    const { port, clock, seen, connection } = await listening()
    port.feed(Uint8Array.of(1, 7))
    await connection.close()
    expect(clock.pending).toBe(0)
    await clock.advance(1)
    expect(seen).toEqual([])
  })

  test('drops what was under way when the port is lost', async () => {
    const { port, clock, seen } = await listening()
    port.feed(Uint8Array.of(1, 7))
    port.lose({ code: 'TEST_LOST' } as Problem)
    expect(clock.pending).toBe(0)
    await clock.advance(1)
    expect(seen).toEqual(['lost'])
  })
})
