import { pca9685 } from 'tendon/pca9685'
import { describe, expect, it } from 'vitest'
import { outputFor } from '../../../src/cli/output.ts'
import { lineOff } from '../../../src/cli/stop-port/line-off.ts'
import { linesBehind } from '../../../src/cli/stop-port/lines.ts'
import { MemoryTransport } from '../../../src/transports/memory.ts'
import { RegisterChip } from '../../drivers/register-chip.ts'

/** A chip at 0x40 that sends pulses on two channels, and what a person reads of switching it off. */
async function switchedOff(more: { chip?: number; stuck?: number } = {}) {
  const chip = new RegisterChip()
  for (const channel of [0, 3]) chip.registers.set([0, 0, 0x33, 0x01], 0x06 + 4 * channel)
  if (more.stuck !== undefined) chip.stuck.add(more.stuck)
  const port = new MemoryTransport({ address: '/dev/i2c-1', connect: chip.connect })
  const flags = { port: '/dev/i2c-1', family: undefined, baudRate: undefined, ids: undefined, chip: more.chip }
  const [line] = linesBehind(flags, [])
  if (!line) throw new Error('there is no line')
  const written: string[] = []
  const out = { write: (text: unknown) => written.push(String(text)) > 0 }
  const found = await lineOff(outputFor(false, { out, env: {} }), line, async () => [pca9685({ port })])
  return { chip, text: written.join(''), found }
}

describe('a chip of hobby servos that is switched off without a robot', () => {
  it('is confirmed when each channel was read without pulses, and says whose word that is', async () => {
    const { chip, text, found } = await switchedOff({ chip: 0x40 })
    expect(found).toMatchObject({ confirmed: true, powered: [], silent: [] })
    expect([chip.channel(0)[3], chip.channel(3)[3]]).toEqual([0x10, 0x10])
    expect(text).toContain('no pulses: 0, 1, 2, 3,')
    expect(text).toContain('the chip 0x40 says that it sends no pulses; hobby servos themselves say nothing')
  })

  it('is not confirmed where nobody said that it is the only one, and the answer says how to name it', async () => {
    const { text, found } = await switchedOff()
    expect(found).toMatchObject({ confirmed: false, powered: [], silent: [] })
    expect(text).toContain('sent, NOT CONFIRMED')
    expect(text).toContain('tendon stop --port /dev/i2c-1 --chip 0x40')
  })

  it('that goes on sending pulses is named by channel', async () => {
    const { text, found } = await switchedOff({ chip: 0x40, stuck: 0xfd })
    expect(found).toMatchObject({ confirmed: false, powered: [0, 3] })
    expect(text).toMatch(/STILL POWERED: 0, 3\nNOT CONFIRMED, power may still be on/)
  })
})
