import { listPorts, type PortInfo } from 'tendon/serial'
import { describe, expect, it } from 'vitest'
import { outputFor } from '../../src/cli/output.ts'
import { showPorts } from '../../src/cli/verbs/ports.ts'
import { tendon } from './command-line.ts'

const shown = (found: readonly PortInfo[], json = false) => {
  const [out, err]: string[][] = [[], []]
  const stream = (lines: string[]) => ({
    isTTY: false,
    write: (text: string | Uint8Array) => !!lines.push(String(text)),
  })
  const code = showPorts(
    outputFor(json, { out: stream(out as string[]), err: stream(err as string[]), env: {} }),
    found,
  )
  return { code, out: (out as string[]).join(''), err: (err as string[]).join('') }
}
const adapter: PortInfo = {
  path: '/dev/ttyUSB0',
  byId: '/dev/serial/by-id/usb-FTDI_FT232R_A50285BI-if00-port0',
  driver: 'ftdi_sio',
  vendorId: '0403',
  productId: '6001',
  manufacturer: 'FTDI',
  product: 'FT232R',
  serialNumber: 'A50285BI',
  holders: [{ pid: 4711, program: 'screen' }],
}

describe('tendon ports', () => {
  it('shows for each port what to write into the definition, its maker, its serial number, and who has it open', () => {
    const { out } = shown([adapter, { path: '/dev/ttyAMA0', driver: 'uart-pl011', holders: [] }])
    expect(out.split('\n').slice(1)).toEqual([
      '  /dev/serial/by-id/usb-FTDI_FT232R_A50285BI-if00-port0  /dev/ttyUSB0  FTDI FT232R  A50285BI       screen (4711)',
      '  /dev/ttyAMA0                                           /dev/ttyAMA0  uart-pl011   none           nobody seen',
      '',
    ])
  })

  it('where there is none says what to check', () => {
    const { code, out, err } = shown([])
    expect({ code, out }).toEqual({ code: 0, out: '' })
    expect(err).toMatch(/TENDON_NO_PORT[\s\S]*fix: {3}Plug in the USB adapter, with a cable that carries data/)
  })

  it('--json is one object a port', async () => {
    expect(JSON.parse(shown([adapter], true).out)).toEqual({ type: 'port', ...adapter, use: adapter.byId })
    const { code, out } = await tendon(['ports', '--json'])
    const lines = out.split('\n').filter(Boolean)
    const paths = lines.map((line) => (JSON.parse(line) as { path?: string }).path).filter(Boolean)
    expect({ code, paths }).toEqual({ code: 0, paths: (await listPorts()).map(({ path }) => path) })
  })
})
