import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { TendonError } from 'tendon'
import { listPorts, serial } from 'tendon/serial'
import { describe, expect, it } from 'vitest'
import { findPort } from '../../src/transports/port-address.ts'
import { holdersOf } from '../../src/transports/port-holder.ts'
import { openProblem } from '../../src/transports/port-problem.ts'
import { FakeMachine } from './machine.ts'

const FTDI = {
  idVendor: '0403',
  idProduct: '6014',
  manufacturer: 'FTDI',
  product: 'USB <-> Serial Converter',
  serial: 'A50285BI',
}
const WAVESHARE = { idVendor: '1a86', idProduct: '55d3', product: 'USB Single Serial', serial: '5A68012345' }
const NAMELESS = { idVendor: '1a86', idProduct: '7523', product: 'USB Serial' }

/** A Raspberry Pi with two adapters that say who they are and one that does not. */
const pi = (): FakeMachine =>
  new FakeMachine()
    .uart('ttyAMA0')
    .uart('ttyS0', { type: '0', driver: 'serial8250' })
    .usb('ttyUSB0', 'ftdi_sio', FTDI)
    .usb('ttyUSB10', 'ch341-uart', NAMELESS)
    .usb('ttyACM0', 'cdc_acm', WAVESHARE)
    .byId('usb-FTDI_USB_Serial_Converter_A50285BI-if00-port0', 'ttyUSB0')
    .byId('usb-1a86_USB_Single_Serial_5A68012345-if00', 'ttyACM0')

describe('the ports of a machine', () => {
  it('are its USB adapters and the UARTs that exist, with what the system knows of each', async () => {
    const { root } = pi().process(77, 'ModemManager', ['/dev/null', '/dev/ttyACM0'])
    expect(await listPorts({ root })).toEqual([
      {
        path: '/dev/ttyACM0',
        byId: '/dev/serial/by-id/usb-1a86_USB_Single_Serial_5A68012345-if00',
        driver: 'cdc_acm',
        vendorId: '1a86',
        productId: '55d3',
        product: 'USB Single Serial',
        serialNumber: '5A68012345',
        holders: [{ pid: 77, program: 'ModemManager' }],
      },
      { path: '/dev/ttyAMA0', driver: 'uart-pl011', holders: [] },
      {
        path: '/dev/ttyUSB0',
        byId: '/dev/serial/by-id/usb-FTDI_USB_Serial_Converter_A50285BI-if00-port0',
        driver: 'ftdi_sio',
        vendorId: '0403',
        productId: '6014',
        manufacturer: 'FTDI',
        product: 'USB <-> Serial Converter',
        serialNumber: 'A50285BI',
        holders: [],
      },
      {
        path: '/dev/ttyUSB10',
        driver: 'ch341-uart',
        vendorId: '1a86',
        productId: '7523',
        product: 'USB Serial',
        holders: [],
      },
    ])
  })

  it('are none on a machine that shows none of these files, and nothing throws', async () => {
    expect(await listPorts({ root: '/nowhere' })).toEqual([])
  })

  it('are read on this very machine without the library and without udev', async () => {
    expect(Array.isArray(await listPorts())).toBe(true)
  })
})

describe('who holds a port', () => {
  it('is each program that has it open, and nobody for another one', async () => {
    const { root } = pi()
      .process(1, 'systemd', [])
      .process(9, 'node', ['/dev/ttyUSB0'])
      .process(10, 'cat', ['/dev/ttyUSB0'])
    const { programs, unseen } = await holdersOf(['/dev/ttyUSB0', '/dev/ttyACM0'], { root })
    expect(programs.get('/dev/ttyUSB0')).toEqual([
      { pid: 9, program: 'node' },
      { pid: 10, program: 'cat' },
    ])
    expect([programs.has('/dev/ttyACM0'), unseen]).toEqual([false, false])
  })
})

async function refusal(work: Promise<unknown>) {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(thrown instanceof TendonError)) throw new Error(`a TendonError was expected, got ${String(thrown)}`)
  return thrown.problem
}

describe('a port by the serial number of its adapter', () => {
  it('is wherever the adapter is at that moment', async () => {
    const { root } = pi()
    expect(await findPort({ serialNumber: 'A50285BI' }, { root })).toBe('/dev/ttyUSB0')
    const { root: later } = new FakeMachine().usb('ttyUSB3', 'ftdi_sio', FTDI)
    expect(await findPort({ serialNumber: 'A50285BI' }, { root: later })).toBe('/dev/ttyUSB3')
  })

  it('that nobody has is missing, and the adapters that are there are named with theirs', async () => {
    const { root } = pi()
    const problem = await refusal(findPort({ serialNumber: 'A50285BX' }, { root }))
    expect(problem).toMatchObject({ code: 'TENDON_PORT_MISSING', power: 'unchanged', fix: 'npx tendon ports' })
    expect(problem.what).toBe('There is no serial adapter with the serial number A50285BX.')
    expect(problem.why).toContain('usb-FTDI_USB_Serial_Converter_A50285BI-if00-port0 (A50285BI)')
    const { root: empty } = new FakeMachine()
    expect((await refusal(findPort({ serialNumber: 'x' }, { root: empty }))).why).toContain(
      'No serial port is there at all',
    )
  })

  it('that two adapters have is refused, because one of them is another robot', async () => {
    const twin = { ...NAMELESS, serial: '0001' }
    const { root } = new FakeMachine().usb('ttyUSB0', 'cp210x', twin).usb('ttyUSB1', 'cp210x', twin)
    expect(await refusal(findPort({ serialNumber: '0001' }, { root }))).toMatchObject({
      code: 'TENDON_PORT_AMBIGUOUS',
      facts: { ports: ['/dev/ttyUSB0', '/dev/ttyUSB1'] },
    })
  })

  it('is shown by that number, and both or neither of path and number is refused at once', () => {
    expect(serial({ serialNumber: 'A50285BI', baudRate: 1_000_000 })).toMatchObject({
      kind: 'serial',
      address: 'serial:A50285BI',
      serialNumber: 'A50285BI',
    })
    for (const wrong of [{ path: '/dev/ttyUSB0', serialNumber: 'x', baudRate: 1 }, { baudRate: 1 }])
      expect(() => serial(wrong as never)).toThrow(/TENDON_ARGUMENT_INVALID/)
  })
})

describe('a port that cannot be opened', () => {
  const user = { name: 'pi', uid: 1000, groups: [1000] }
  const BUSY = new Error('Error Resource temporarily unavailable Cannot lock port')
  const DENIED = new Error('Error: Permission denied, cannot open /dev/ttyUSB0')

  it('because it is busy names the program and its process', async () => {
    const { root } = pi().process(812, 'ModemManager', ['/dev/ttyUSB0'])
    expect(await openProblem('/dev/ttyUSB0', BUSY, { root })).toMatchObject({
      code: 'TENDON_PORT_BUSY',
      what: 'The port /dev/ttyUSB0 is in use by ModemManager (process 812).',
      fix: 'ps -fp 812',
      power: 'unchanged',
    })
  })

  it('because a program holds it that may not be seen says so, and how to see it', async () => {
    const machine = pi().process(812, 'secret', ['/dev/ttyUSB0'])
    chmodSync(join(machine.root, 'proc/812/fd'), 0)
    const holders = await holdersOf(['/dev/ttyUSB0'], machine)
    // Root may look into everything, so for root there is nothing unseen here.
    expect(holders.unseen).toBe(process.getuid?.() !== 0)
    const { root } = pi()
    expect(await openProblem('/dev/ttyUSB0', BUSY, { root })).toMatchObject({
      what: 'The port /dev/ttyUSB0 is in use by another program.',
      fix: 'sudo fuser -v /dev/ttyUSB0',
    })
  })

  it('because of rights names the group of the device, and whether this user is in it', async () => {
    const machine = pi()
    // The device of the fake machine belongs to the group of whoever runs this.
    const gid = process.getegid?.() ?? 0
    const groups = (members: string) =>
      machine.file('etc/group', `users:x:${gid + 1}:pi\ndialout:x:${gid}:${members}\n`)
    groups('eve')
    expect(await openProblem('/dev/ttyUSB0', DENIED, { ...machine, user })).toMatchObject({
      code: 'TENDON_PORT_DENIED',
      what: 'pi may not open the port /dev/ttyUSB0.',
      why: 'It belongs to the group dialout, and pi is not a member.',
      fix: 'sudo usermod -aG dialout "$USER" && exec su - "$USER"',
    })
    groups('eve,pi')
    expect(await openProblem('/dev/ttyUSB0', DENIED, { ...machine, user })).toMatchObject({
      facts: { membership: 'next_login' },
      fix: 'exec su - "$USER"',
    })
    expect(await openProblem('/dev/ttyUSB0', DENIED, { ...machine, user: { ...user, groups: [gid] } })).toMatchObject({
      facts: { membership: 'member' },
      fix: 'ls -lL /dev/ttyUSB0',
    })
  })

  it('because it is not there lists the ports that are, by the names that last', async () => {
    const { root } = pi()
    const missing = new Error('Error: No such file or directory, cannot open /dev/ttyACM1')
    expect((await openProblem('/dev/ttyACM1', missing, { root })).facts.ports).toEqual([
      '/dev/serial/by-id/usb-1a86_USB_Single_Serial_5A68012345-if00',
      '/dev/ttyAMA0',
      '/dev/serial/by-id/usb-FTDI_USB_Serial_Converter_A50285BI-if00-port0',
      '/dev/ttyUSB10',
    ])
  })

  it.each([
    ['Error: Inappropriate ioctl for device, cannot open /etc/hostname', 'TENDON_PORT_NOT_A_TTY'],
    ['Error: Input/output error, cannot open /dev/ttyUSB0', 'TENDON_PORT_OPEN_FAILED'],
    ['something nobody has seen', 'TENDON_PORT_OPEN_FAILED'],
  ])('%s: %s', async (text, code) => {
    const { root } = pi()
    expect((await openProblem('/dev/ttyUSB0', new Error(text), { root })).code).toBe(code)
  })
})
