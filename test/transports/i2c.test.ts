import { closeSync, openSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { Problem } from '../../src/base/problem.ts'
import { encodeI2cRequest, type I2cAnswer, type I2cRequest, i2cAnswers } from '../../src/device/i2c-transaction.ts'
import type { ByteConnection } from '../../src/device/transport.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import { type I2cLibrary, i2c } from '../../src/transports/i2c.ts'
import { chipDescriptor } from '../../src/transports/i2c-descriptor.ts'

/** The package i2c-bus with one chip of 256 registers at 0x40. */
class FakeLibrary implements I2cLibrary {
  readonly calls: string[] = []
  readonly registers = new Uint8Array(256).map((_, at) => at)
  /** Thrown by the next transactions. */
  code: string | undefined
  closed = 0
  #pointer = 0

  readonly openSync = (bus: number): ReturnType<I2cLibrary['openSync']> => {
    this.calls.push(`open ${bus}`)
    return {
      i2cWriteSync: (address, length, buffer) => {
        this.#check(address)
        const [register = 0, ...data] = buffer.subarray(0, length)
        this.calls.push(`write ${[...buffer.subarray(0, length)]}`)
        this.#pointer = register
        this.registers.set(data, register)
        return length
      },
      i2cReadSync: (address, length, buffer) => this.#read(address, this.#pointer, length, buffer),
      readI2cBlockSync: (address, command, length, buffer) => this.#read(address, command, length, buffer),
      closeSync: () => {
        this.closed++
      },
    }
  }

  #read(address: number, register: number, length: number, buffer: Buffer): number {
    this.#check(address)
    this.calls.push(`read ${register} ${length}`)
    buffer.set(this.registers.subarray(register, register + length))
    return length
  }

  #check(address: number): void {
    const code = this.code ?? (address === 0x40 ? undefined : 'EREMOTEIO')
    if (code) throw Object.assign(new Error(`${code}: it failed`), { code })
  }
}

async function opened() {
  const library = new FakeLibrary()
  const clock = new VirtualClock()
  const transport = i2c({ bus: 1, library })
  const connection = await clock.run(transport.open({ clock }))
  const answers: I2cAnswer[] = []
  const decoder = i2cAnswers((answer) => answers.push(answer))
  connection.onBytes((chunk) => decoder.push(chunk))
  const ask = (request: Partial<I2cRequest>): void =>
    connection.write(encodeI2cRequest({ tag: 1, address: 0x40, read: 0, write: new Uint8Array(), ...request }))
  return { library, clock, transport, connection, answers, ask }
}

describe('a transaction', () => {
  it('has been carried out when write returns, and is answered in a later turn', async () => {
    const { library, clock, answers, ask } = await opened()
    ask({ tag: 7, write: Uint8Array.of(0xfd, 0x10) })
    expect(library.calls).toEqual(['open 1', 'write 253,16'])
    expect(answers).toEqual([])
    await clock.advance(0)
    expect(answers).toEqual([{ tag: 7, address: 0x40, state: 'done', data: new Uint8Array() }])
  })

  it('that reads behind a register is one block read; another one is a write and a read', async () => {
    const { library, clock, answers, ask } = await opened()
    ask({ tag: 1, write: Uint8Array.of(6), read: 4 })
    ask({ tag: 2, write: Uint8Array.of(6, 99), read: 2 })
    await clock.advance(0)
    expect(library.calls.slice(1)).toEqual(['read 6 4', 'write 6,99', 'read 6 2'])
    expect(answers.map(({ tag, data }) => [tag, ...data])).toEqual([
      [1, 6, 7, 8, 9],
      [2, 99, 7],
    ])
  })

  it('that nobody acknowledges says so, and one that fails otherwise says that', async () => {
    const { library, clock, answers, ask } = await opened()
    ask({ tag: 1, address: 0x41, write: Uint8Array.of(0), read: 1 })
    library.code = 'ETIMEDOUT'
    ask({ tag: 2, write: Uint8Array.of(0), read: 1 })
    await clock.advance(0)
    expect(answers.map(({ tag, state }) => [tag, state])).toEqual([
      [1, 'nack'],
      [2, 'failed'],
    ])
  })

  it('with tag 0 is answered by nothing', async () => {
    const { library, clock, answers, ask } = await opened()
    ask({ tag: 0, write: Uint8Array.of(0xfd, 0x10) })
    await clock.advance(0.1)
    expect(library.calls).toHaveLength(2)
    expect(answers).toEqual([])
  })

  it('is one of several in one write, in order', async () => {
    const { library, connection } = await opened()
    const record = (value: number): Uint8Array =>
      encodeI2cRequest({ tag: 0, address: 0x40, read: 0, write: Uint8Array.of(6, value) })
    connection.write(Uint8Array.of(...record(1), ...record(2)))
    expect(library.calls.slice(1)).toEqual(['write 6,1', 'write 6,2'])
  })
})

describe('a link', () => {
  it('whose adapter goes away is lost, told once in a later turn, refuses writes, and frees the bus', async () => {
    const { library, clock, connection, answers, ask } = await opened()
    const told: Problem[] = []
    connection.onLost((problem) => told.push(problem))
    library.code = 'ENODEV'
    ask({ write: Uint8Array.of(0), read: 1 })
    expect(connection.isOpen).toBe(false)
    expect(told).toEqual([])
    await clock.advance(1)
    expect(told).toMatchObject([{ code: 'TENDON_LINK_LOST', power: 'unknown', facts: { port: '/dev/i2c-1' } }])
    expect(answers).toEqual([])
    expect(() => ask({})).toThrow(expect.objectContaining({ code: 'TENDON_LINK_CLOSED' }))
    expect(library.closed).toBe(1)
    await connection.close()
    expect(library.closed).toBe(1)
    expect(clock.pending).toBe(0)
  })

  it('that is closed delivers nothing more, refuses writes, and leaves no timer', async () => {
    const { library, clock, connection, answers, ask } = await opened()
    ask({ write: Uint8Array.of(0), read: 1 })
    await connection.close()
    await clock.advance(1)
    expect(answers).toEqual([])
    expect(clock.pending).toBe(0)
    expect(library.closed).toBe(1)
    expect(() => ask({})).toThrow(expect.objectContaining({ code: 'TENDON_LINK_CLOSED' }))
  })

  it('opened again is a new one: listeners of the one before hear nothing of it', async () => {
    const { clock, transport, connection, answers } = await opened()
    await connection.close()
    const again: ByteConnection = await clock.run(transport.open({ clock }))
    again.write(encodeI2cRequest({ tag: 1, address: 0x40, read: 1, write: Uint8Array.of(0) }))
    await clock.advance(0.1)
    expect(answers).toEqual([])
  })

  it('needs a guard, because servos behind it go on when this process dies', () => {
    expect(i2c({ bus: 1 }).needsGuard).toBe(true)
  })
})

describe('the open file of a chip', () => {
  it('is that of the library when it really is the device, and otherwise nothing', () => {
    const file = openSync('/dev/null', 'r')
    const bus = { _peripherals: Object.assign([], { 64: file }) }
    expect(chipDescriptor(bus, 0x40, '/dev/null')).toBe(file)
    expect(chipDescriptor(bus, 0x41, '/dev/null')).toBeUndefined()
    expect(chipDescriptor(bus, 0x40, '/dev/zero')).toBeUndefined()
    expect(chipDescriptor(bus, 0x40, '/dev/i2c-99')).toBeUndefined()
    expect(chipDescriptor({}, 0x40, '/dev/null')).toBeUndefined()
    closeSync(file)
    expect(chipDescriptor(bus, 0x40, '/dev/null')).toBeUndefined()
    const plain = openSync(import.meta.filename, 'r')
    expect(chipDescriptor({ _peripherals: [plain] }, 0, tmpdir())).toBeUndefined()
    closeSync(plain)
  })

  it('is not shown by a link that has spoken to no chip, or to two', async () => {
    const { connection, ask } = await opened()
    expect(connection.descriptor).toBeUndefined()
    ask({ write: Uint8Array.of(0), read: 1 })
    ask({ address: 0x41, write: Uint8Array.of(0), read: 1 })
    expect(connection.descriptor).toBeUndefined()
  })
})

describe('opening', () => {
  it('without the package i2c-bus asks for it by name', async () => {
    await expect(i2c({ bus: 1 }).open({ clock: systemClock })).rejects.toMatchObject({
      code: 'TENDON_MODULE_MISSING',
      problem: { fix: 'npm install i2c-bus' },
    })
  })

  it('refuses a number that is no bus', () => {
    expect(() => i2c({ bus: -1 })).toThrow(expect.objectContaining({ code: 'TENDON_ARGUMENT_INVALID' }))
  })
})
