import { describe, expect, it } from 'vitest'
import { faultReason, portFault } from '../../src/transports/port-fault.ts'

describe('the fault that an error text of the serial library is about', () => {
  it.each([
    ['Error Resource temporarily unavailable Cannot lock port', 'busy'],
    ['Error: Device or resource busy, cannot open /dev/ttyUSB0', 'busy'],
    ['Opening COM3: Access denied', 'busy'],
    ['Error: No such file or directory, cannot open /dev/ttyACM0', 'missing'],
    ['Opening COM9: File not found', 'missing'],
    ['Error: Permission denied, cannot open /dev/ttyACM0', 'denied'],
    ['Error: Inappropriate ioctl for device, cannot open /etc/hostname', 'not_a_port'],
    ['Error: Is a directory, cannot open /tmp', 'not_a_port'],
    ['EIO: i/o error, write', 'lost'],
    ['Error: Input/output error, cannot open /dev/ttyUSB0', 'lost'],
    ['ENXIO: no such device or address, read', 'lost'],
    ['bad file descriptor', 'lost'],
    ['the adapter is disconnected', 'lost'],
    ['something nobody has seen', 'unknown'],
  ])('%s: %s', (text, fault) => {
    expect(portFault(new Error(text))).toBe(fault)
  })

  it('reads a code where there is one, and never throws on odd values', () => {
    expect(portFault(Object.assign(new Error('open failed'), { code: 'EACCES' }))).toBe('denied')
    // The system's code counts before a text, which may be in another language.
    expect(portFault(Object.assign(new Error('Zugriff verweigert: permission denied'), { code: 'EBUSY' }))).toBe('busy')
    expect(portFault(Object.assign(new Error('nichts da'), { code: 'ENOENT' }))).toBe('missing')
    expect(portFault(undefined)).toBe('unknown')
    expect(portFault({})).toBe('unknown')
  })

  it('keeps the words of the library where the fault is unknown', () => {
    expect(faultReason('unknown', new Error('odd '))).toBe('the serial library refused (odd)')
  })
})
