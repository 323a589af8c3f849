import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { openPty } from '../../src/transports/pty.ts'
import { serial } from '../../src/transports/serial.ts'

const notInstalled = (): never => {
  throw new Error("Cannot find package 'it'")
}

describe('an optional package that is not installed', () => {
  afterEach(() => {
    vi.doUnmock('serialport')
    vi.doUnmock('@lydell/node-pty')
  })

  it('is asked for by name when a serial port is opened, and not before', async () => {
    vi.doMock('serialport', notInstalled)
    const port = serial({ path: '/dev/ttyACM0', baudRate: 1_000_000 })
    await expect(port.open({ clock: systemClock })).rejects.toMatchObject({
      code: 'TENDON_MODULE_MISSING',
      problem: { fix: 'npm install serialport' },
    })
  })

  it('is asked for by name when a pseudo terminal is opened', async () => {
    vi.doMock('@lydell/node-pty', notInstalled)
    await expect(openPty()).rejects.toMatchObject({
      code: 'TENDON_MODULE_MISSING',
      problem: { fix: 'npm install @lydell/node-pty' },
    })
  })
})
