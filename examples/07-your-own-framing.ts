// Your own framing: a scale sends weights in kilograms as text, each ended by a semicolon. Ten lines cut them out of the
// bytes; a sensor reads them. npx tsx --conditions=tendon-source examples/07-your-own-framing.ts

import { buffer, defineRobot, start } from 'tendon'
import { type Decoder, type Framing, framedSensor } from 'tendon/framing'
import { framingConformance, MemoryTransport } from 'tendon/testing'

const LONGEST = 8
const latin1 = new TextDecoder('latin1')

const semicolons: Framing<string> = {
  kind: 'semicolons',
  create() {
    let rest = ''
    const push: Decoder<string>['push'] = (chunk, emit) => {
      const texts = (rest + latin1.decode(chunk)).split(';')
      // What is too long already needs no more than one character too many.
      rest = (texts.pop() ?? '').slice(0, LONGEST + 1)
      for (const text of texts) text.length > LONGEST ? emit.bad('length') : emit.frame(text)
    }
    return { push }
  },
}

// In the scale's place: a port in memory. It joins in the middle of a weight, and the line is disturbed.
const said = ['.5;', '12.50;', '0.7', '5;noise on the line;', '12,5;', '13.25;']
const scale = new MemoryTransport({
  connect(device, { clock }) {
    for (const [turn, text] of said.entries())
      clock.after(0.05 * (turn + 1), () => device.isOpen && device.write(new TextEncoder().encode(text)))
  },
})

const weight = framedSensor(scale, semicolons, (text) =>
  /^\d+\.\d\d$/.test(text) ? { value: Number(text) } : { bad: 'weight' },
)
await using robot = await start(defineRobot('scale', { sensors: { weight } }).with({}))
for await (const { seq, value } of robot.sensors.weight.readings({ overflow: buffer(10) })) {
  console.log(`${seq}: ${value} kg`)
  if (value === 13.25) break
}

console.log(`bad: ${JSON.stringify(robot.sensors.weight.counts().bad)}`)

// Does it keep what every framing promises? In a project of yours: a test for each check.
const encode = (text: string): Uint8Array => new TextEncoder().encode(`${text};`)
const checks = framingConformance(semicolons, { good: ['12.50', '0.75'], encode, max: LONGEST + 1, checked: false })
for (const { run } of checks) await run()
console.log(`${checks.length} checks hold`)
