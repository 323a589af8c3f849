import { describe, expect, it } from 'vitest'
import type { FeetechServo } from '../../src/sim/index.ts'
import { frame, high, low, toHex } from './rig.ts'
import { openWorld } from './world.ts'

const PING = frame(1, 1)
const PONG = 'FF FF 01 02 00 FC'
const BYTE = 1e-5
const goal = (id: number, steps: number): Uint8Array => frame(id, 3, 42, low(steps), high(steps))

describe('delayed replies', () => {
  it('come so much later, and nothing else changes', async () => {
    const { ask, received, faults, clock } = await openWorld()
    faults.delayReplies('pan', 0.005)
    expect(await ask(PING)).toEqual([PONG])
    expect(received[0]?.at).toBeCloseTo(12 * BYTE + 0.005, 9)
    faults.delayReplies('pan', undefined)
    const again = clock.now()
    await ask(PING)
    expect(received[0]?.at).toBeCloseTo(again + 12 * BYTE, 9)
  })

  it('hold up nobody else: those behind in a joined reading come in time', async () => {
    const { ask, received, faults } = await openWorld()
    faults.delayReplies('pan', 0.005)
    const replies = await ask(frame(0xfe, 0x82, 56, 2, 1, 2, 3))
    expect(replies.map((reply) => reply.slice(6, 8))).toEqual(['02', '03', '01'])
    expect(received[1]?.at).toBeCloseTo((11 + 3 * 8) * BYTE, 9)
  })

  it('meet what the host says by then, and both are garbled', async () => {
    const { host, clock, received, faults, sim } = await openWorld()
    faults.delayReplies('pan', 0.001)
    host.write(PING)
    await clock.advance(0.00108)
    host.write(frame(2, 1))
    await clock.advance(0.01)
    expect(sim.bus('servos').collisions).toBeGreaterThan(0)
    expect(received.map(({ bytes }) => bytes)).not.toContain(PONG)
  })
})

describe('duplicated replies', () => {
  it('are on the line twice, one behind the other', async () => {
    const { ask, received, faults } = await openWorld()
    faults.duplicateReplies('pan', { next: 1 })
    expect(await ask(PING)).toEqual([PONG, PONG])
    expect((received[1]?.at ?? 0) - (received[0]?.at ?? 0)).toBeCloseTo(6 * BYTE, 9)
    expect(await ask(PING)).toEqual([PONG])
  })
})

describe('split replies', () => {
  it('reach the host in two to four pieces, a millisecond apart, and are one frame on the wire', async () => {
    const { ask, received, faults, frames } = await openWorld()
    faults.splitReplies('pan', { probability: 1 })
    const counts = new Set<number>()
    for (let i = 0; i < 40; i++) {
      const pieces = await ask(frame(1, 2, 56, 15))
      counts.add(pieces.length)
      expect(pieces.join(' ')).toBe(toHex(frames.at(-1)?.bytes as Uint8Array))
      for (const [index, { at }] of received.entries())
        expect(at - (received[0]?.at ?? 0)).toBeCloseTo(index * 0.001, 9)
    }
    expect([...counts].sort()).toEqual([2, 3, 4])
    expect(frames).toHaveLength(80)
  })

  it('keep their order with those behind them', async () => {
    const { ask, faults } = await openWorld()
    faults.splitReplies('pan', { probability: 1 })
    const stream = (await ask(frame(0xfe, 0x82, 56, 2, 1, 2, 3))).join(' ')
    expect(stream).toMatch(/^FF FF 01 04 00 .. .. .. FF FF 02 04 00 .. .. .. FF FF 03 04 00 .. .. ..$/)
  })

  it('that are still coming when the port is closed come no more, and leave no timer', async () => {
    const { host, clock, received, faults } = await openWorld()
    faults.splitReplies('pan', { probability: 1 })
    host.write(PING)
    await clock.advance(0.0005)
    expect(received).toHaveLength(1)
    await host.close()
    expect(clock.pending).toBe(0)
  })
})

describe('a line that echoes', () => {
  it('gives the host its own bytes, from when it begins until it ends', async () => {
    const { ask, faults } = await openWorld()
    faults.echo('servos')
    expect(await ask(PING)).toEqual([toHex(PING), PONG])
    faults.clear()
    expect(await ask(PING)).toEqual([PONG])
  })

  it('because of its wiring goes on echoing when faults are cleared', async () => {
    const { ask, faults } = await openWorld({ echo: true })
    faults.echo()
    faults.clear()
    expect(await ask(PING)).toEqual([toHex(PING), PONG])
  })
})

describe('garbage', () => {
  it('is 1 to 12 bytes behind a frame of the host, and no frame of anybody', async () => {
    const { ask, faults, frames } = await openWorld()
    faults.garbage({ probability: 1 })
    const lengths = new Set<number>()
    for (let i = 0; i < 200; i++) {
      const chunks = await ask(PING)
      expect(chunks).toContain(PONG)
      expect(chunks).toHaveLength(2)
      const noise = chunks.find((chunk) => chunk !== PONG) ?? PONG
      lengths.add(noise.split(' ').length)
    }
    expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([1, 12])
    expect(frames).toHaveLength(400)
  })

  it('reaches the servos too: a frame that it runs into is lost', async () => {
    const { host, clock, faults, sim } = await openWorld()
    const lift = sim.servo('lift').servo as FeetechServo
    faults.garbage({ probability: 1 })
    let lost = 0
    for (let i = 0; i < 50; i++) {
      lift.write(42, Uint8Array.of(0, 8), clock.now())
      host.write(PING)
      await clock.advance(0.00025)
      host.write(goal(2, 2000))
      await clock.advance(0.05)
      if (sim.servo('lift').read('goalPosition') !== 2000) lost++
    }
    expect(lost).toBeGreaterThan(3)
    expect(lost).toBeLessThan(40)
  })

  it('leaves an idle line without a timer', async () => {
    const { ask, clock, faults } = await openWorld()
    faults.garbage({ probability: 1 })
    await ask(PING)
    expect(clock.pending).toBe(0)
  })
})

describe('a slow joint', () => {
  it('follows at its share of the speed, and arrives all the same', async () => {
    const { ask, clock, faults, sim } = await openWorld()
    await ask(frame(1, 3, 46, low(1000), high(1000)))
    await ask(frame(1, 3, 40, 1))
    faults.slow('pan', 0.25)
    await ask(goal(1, 2548), 0.5)
    expect((sim.servo('pan').velocity * 4096) / (2 * Math.PI)).toBeCloseTo(250, 3)
    await clock.advance(3)
    expect(sim.servo('pan').read('presentPosition')).toBe(2548)
  })
})

describe('overload', () => {
  it('shows in every reply and leaves the protection torque, until torque is switched off', async () => {
    const { ask, faults, sim } = await openWorld()
    await ask(frame(1, 3, 40, 1))
    faults.overload('pan')
    expect(await ask(PING)).toEqual(['FF FF 01 02 20 DC'])
    expect(sim.servo('pan').powered).toBe(true)
    faults.jam('pan')
    await ask(goal(1, 3000), 1)
    expect(sim.servo('pan').read('presentLoad')).toBe(200)
    await ask(frame(1, 3, 40, 0))
    expect(await ask(PING)).toEqual([PONG])
  })

  it('ends at once when it is relieved', async () => {
    const { ask, faults } = await openWorld()
    faults.overload('pan')
    faults.relieve('pan')
    expect(await ask(PING)).toEqual([PONG])
  })
})

describe('the supply', () => {
  it('below the minimum raises the voltage alarm, and the motor keeps its power', async () => {
    const { ask, faults, sim } = await openWorld()
    await ask(frame(1, 3, 40, 1))
    faults.supply(3.5, 'pan')
    expect(await ask(PING)).toEqual(['FF FF 01 02 01 FB'])
    expect(sim.servo('pan').powered).toBe(true)
    faults.supply(undefined, 'pan')
    expect(await ask(PING)).toEqual([PONG])
  })

  it('below 3 V the servo is deaf and limp; with the supply back RAM is forgotten and EEPROM is as saved', async () => {
    const { ask, faults, sim } = await openWorld()
    await ask(frame(1, 3, 55, 0))
    await ask(frame(1, 3, 21, 9))
    await ask(frame(1, 3, 55, 1))
    await ask(frame(1, 3, 22, 7))
    await ask(frame(1, 3, 40, 1))
    faults.supply(2.5, 'pan')
    expect(await ask(PING)).toEqual([])
    expect(sim.servo('pan').powered).toBe(false)
    await ask(frame(0xfe, 3, 40, 1))
    faults.supply(undefined)
    expect(await ask(PING)).toEqual([PONG])
    const read = (name: 'torqueEnable' | 'pGain' | 'dGain' | 'lock'): number => sim.servo('pan').read(name)
    expect([read('torqueEnable'), read('lock'), read('pGain'), read('dGain')]).toEqual([0, 1, 9, 32])
    expect(sim.servo('lift').powered).toBe(true)
  })
})

describe('a cable that is pulled', () => {
  it('takes what is under way, and lets nothing through until it is put back', async () => {
    const { ask, faults, port, clock, sim } = await openWorld()
    faults.unplug('servos')
    faults.unplug('servos')
    await expect(port.open({ clock })).rejects.toMatchObject({ code: 'TENDON_PORT_OPEN_FAILED' })
    faults.plug('servos')
    const again = await port.open({ clock })
    const heard: string[] = []
    again.onBytes((bytes) => heard.push(toHex(bytes)))
    again.write(PING)
    await clock.advance(0.01)
    expect(heard).toEqual([PONG])
    expect(() => faults.unplug('servo')).toThrow(expect.objectContaining({ code: 'TENDON_SIM_UNKNOWN_NAME' }))
    expect(sim.busNames).toEqual(['servos'])
    await expect(ask(PING)).rejects.toMatchObject({ code: 'TENDON_LINK_CLOSED' })
  })
})

describe('clear', () => {
  it('ends every fault of a servo but its supply, and without a name those of the lines', async () => {
    const { ask, faults, sim, clock } = await openWorld()
    const begin = (joint: string): void => {
      faults.silence(joint)
      faults.dropReplies(joint, { probability: 1 })
      faults.corruptReplies(joint, { probability: 1 })
      faults.duplicateReplies(joint, { probability: 1 })
      faults.splitReplies(joint, { probability: 1 })
      faults.delayReplies(joint, 0.01)
      faults.jam(joint)
      faults.slow(joint, 0)
      faults.heat(joint, 60)
    }
    begin('pan')
    begin('lift')
    faults.garbage({ probability: 1 })
    faults.echo()
    faults.clear('pan')
    faults.clear()
    expect(await ask(frame(0xfe, 1))).toEqual([PONG, 'FF FF 02 02 00 FB', 'FF FF 03 02 00 FA'])
    for (const joint of ['pan', 'lift']) expect(sim.servo(joint).read('presentTemperature')).toBe(25)
    await ask(frame(0xfe, 3, 40, 1))
    await ask(goal(2, 2300), 2)
    expect(sim.servo('lift').read('presentPosition')).toBe(2300)
    expect(clock.pending).toBe(0)
  })
})

describe('determinism', () => {
  it('the same seed gives the same bytes at the same times under all faults at once', async () => {
    const play = async (seed: number): Promise<string[]> => {
      const { ask, faults, received } = await openWorld({ seed })
      for (const joint of ['pan', 'lift', 'jaw']) {
        faults.dropReplies(joint, { probability: 0.1 })
        faults.corruptReplies(joint, { probability: 0.1 })
        faults.duplicateReplies(joint, { probability: 0.1 })
        faults.splitReplies(joint, { probability: 0.3 })
      }
      faults.delayReplies('lift', 0.0001)
      faults.garbage({ probability: 0.3 })
      const told: string[] = []
      for (let i = 0; i < 100; i++) {
        await ask(frame(0xfe, 0x82, 56, 6, 1, 2, 3), 0.005)
        told.push(...received.map(({ at, bytes }) => `${at.toFixed(9)} ${bytes}`))
      }
      return told
    }
    const first = await play(3)
    expect(first.length).toBeGreaterThan(200)
    expect(await play(3)).toEqual(first)
    expect(await play(4)).not.toEqual(first)
  })
})
