import { listPorts, type PortInfo, serial } from 'tendon/serial'
import { describe, expectTypeOf, it } from 'vitest'

/** Never called: what it holds is checked by the compiler. */
function definitions(): void {
  serial({ path: '/dev/ttyACM0', baudRate: 1_000_000 })
  serial({ serialNumber: 'A50285BI', baudRate: 1_000_000 })
  serial({ serialNumber: 'A50285BI', baudRate: 57_600, lowLatency: false, patience: 1 })
  // @ts-expect-error neither a path nor a serial number
  serial({ baudRate: 1_000_000 })
  // @ts-expect-error both
  serial({ path: '/dev/ttyACM0', serialNumber: 'A50285BI', baudRate: 1_000_000 })
  // @ts-expect-error a misspelt option
  serial({ serialnumber: 'A50285BI', baudRate: 1_000_000 })
  // @ts-expect-error no baud rate
  serial({ path: '/dev/ttyACM0' })
}

describe('a serial port', () => {
  it('is named by a path or by a serial number, exactly one of them', () => {
    expectTypeOf(definitions).toBeFunction()
    expectTypeOf(listPorts).returns.resolves.toEqualTypeOf<readonly PortInfo[]>()
    expectTypeOf<PortInfo['serialNumber']>().toEqualTypeOf<string | undefined>()
  })
})
