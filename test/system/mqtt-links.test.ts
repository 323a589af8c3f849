import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { linkFacts } from '../mqtt/link-facts.ts'
import { sensorFacts } from '../mqtt/sensor-facts.ts'
import { Mosquitto, mosquitto } from './mosquitto.ts'

linkFacts(mosquitto)
sensorFacts(mosquitto)

describe('a process whose robot is closed', () => {
  const program = (...args: string[]) => {
    const file = fileURLToPath(new URL('../mqtt/closing-program.ts', import.meta.url))
    const child = spawn(process.execPath, ['--conditions=tendon-source', '--import', 'tsx', file, ...args])
    onTestFinished(() => void child.kill('SIGKILL'))
    return child
  }

  it('ends by itself: the link holds no timer and no socket', { timeout: 30_000 }, async () => {
    await using broker = await Mosquitto.start()
    const [code] = await once(program(broker.url), 'exit')
    expect(code).toBe(0)
  })

  it('ends by itself also when the broker had gone and the link was trying again', { timeout: 30_000 }, async () => {
    await using broker = await Mosquitto.start()
    const child = program(broker.url, 'offline')
    const ended = once(child, 'exit')
    await once(child.stdout, 'data')
    await broker.kill()
    expect((await ended)[0]).toBe(0)
  })
})
