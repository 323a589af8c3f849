import { describe, expect, test } from 'vitest'
import { feetech, sts3215 } from '../../src/drivers/feetech/index.ts'
import { type ScriptStep, scriptedPort, VirtualClock } from '../../src/testing/index.ts'

async function opened(steps: readonly ScriptStep[]) {
  const clock = new VirtualClock()
  const port = scriptedPort(steps, { baudRate: 9600 })
  const host = await port.open({ clock })
  const seen: string[] = []
  host.onBytes((chunk) => seen.push(`${Buffer.from(chunk).toString('hex')} at ${clock.now()}`))
  return { clock, port, host, seen }
}

describe('a scripted port', () => {
  test('answers what it expects, after the time it says, and is used up', async () => {
    const { clock, port, host, seen } = await opened([
      { expect: 'FF 01', reply: '02 03', after: 0.25 },
      { expect: Uint8Array.of(4) },
      { expect: (written) => written.length === 3, reply: Uint8Array.of(5) },
    ])
    host.write(Uint8Array.of(0xff, 1))
    await clock.advance(0.25)
    host.write(Uint8Array.of(4))
    host.write(Uint8Array.of(1, 2, 3))
    await clock.advance(0.1)
    expect(seen).toEqual(['0203 at 0.25', '05 at 0.25'])
    expect(() => port.verify()).not.toThrow()
    expect(port.written.map((bytes) => [...bytes])).toEqual([[0xff, 1], [4], [1, 2, 3]])
  })

  test('takes bytes in writes of any size, several steps in one too', async () => {
    const { clock, port, host, seen } = await opened([
      { expect: '01 02 03', reply: 'aa' },
      { expect: '04', reply: 'bb' },
    ])
    host.write(Uint8Array.of(1))
    host.write(Uint8Array.of(2, 3, 4))
    await clock.advance(1)
    expect(seen).toHaveLength(2)
    port.verify()
  })

  test('speaks by itself where nothing is expected', async () => {
    const { clock, port, seen } = await opened([
      { reply: '01', after: 0.5 },
      { reply: '02', after: 1 },
    ])
    await clock.advance(2)
    expect(seen).toEqual(['01 at 0.5', '02 at 1'])
    port.verify()
  })

  test.each<[string, ScriptStep[], number[], RegExp]>([
    [
      'another byte',
      [{ expect: 'FF FF 01' }],
      [0xff, 0xff, 2],
      /step 1 of 1 expected FF FF 01 and got FF FF 02; .* byte 2/,
    ],
    ['nothing', [{ expect: '01' }, { expect: '02' }], [1], /step 2 of 2 expected 02 and got nothing/],
    ['a part', [{ expect: '01 02' }], [1], /expected 01 02 and got only 1 bytes of it/],
    ['more', [{ expect: '01' }], [1, 2, 3], /the script was over, and the host wrote 02 03/],
    [
      'what a function refuses',
      [
        {
          expect: function evenBytes() {
            return false
          },
        },
      ],
      [1],
      /what evenBytes takes and got 01/,
    ],
  ])('says what it expected and got when the host writes %s', async (_, steps, written, said) => {
    const { clock, port, host } = await opened(steps)
    host.write(Uint8Array.from(written))
    await clock.settle()
    expect(() => port.verify()).toThrow(said)
  })

  test('answers nothing after a difference, so that it cannot be overlooked', async () => {
    const { clock, port, host, seen } = await opened([{ expect: '01' }, { expect: '02', reply: 'aa' }])
    host.write(Uint8Array.of(9))
    host.write(Uint8Array.of(2))
    await clock.advance(1)
    expect(seen).toEqual([])
    expect(() => port.verify()).toThrow(/step 1 of 2 expected 01 and got 09/)
  })

  test('leaves no timer when it is closed, and goes on with its script when it is opened again', async () => {
    const { clock, port, host, seen } = await opened([
      { expect: '01', reply: 'aa', after: 60 },
      { expect: '02', reply: 'bb' },
    ])
    host.write(Uint8Array.of(1))
    await clock.settle()
    await clock.run(host.close())
    expect(clock.pending).toBe(0)
    const again = await port.open({ clock })
    again.onBytes((chunk) => seen.push(`${chunk[0]}`))
    again.write(Uint8Array.of(2))
    await clock.advance(100)
    expect(seen).toEqual(['187'])
    port.verify()
  })

  test('can be unplugged, and plugged in again', async () => {
    const { clock, port, host } = await opened([])
    const lost: string[] = []
    host.onLost((problem) => lost.push(problem.code))
    port.unplug()
    await clock.settle()
    expect(lost).toEqual(['TENDON_LINK_LOST'])
    await expect(port.open({ clock })).rejects.toMatchObject({ code: 'TENDON_PORT_OPEN_FAILED' })
    port.plug()
    await expect(port.open({ clock })).resolves.toMatchObject({ isOpen: true })
  })

  test('refuses text that is not hexadecimal', () => {
    expect(() => scriptedPort([{ expect: 'GG' }])).toThrow()
    expect(() => scriptedPort([{ expect: '1' }])).toThrow()
  })
})

test('a driver is tested with it: the Feetech driver asks for the torque of servo 1, twice when the first reply is lost', async () => {
  const clock = new VirtualClock()
  const port = scriptedPort([
    { expect: 'FF FF 01 04 02 28 01 CF' },
    { expect: 'FF FF 01 04 02 28 01 CF', reply: 'FF FF 01 03 00 01 FA' },
  ])
  const bus = feetech({ port }).create({ clock }, [{ joint: 'pan', servo: sts3215('servos', 1) }])
  await clock.run(bus.open())
  expect(await clock.run(bus.readTorque(1))).toBe(true)
  port.verify()
  await clock.run(bus.close())
  expect(clock.pending).toBe(0)
})
