import { defineRobot, start } from 'tendon'
import type { ByteConnection } from 'tendon/device'
import { lines } from 'tendon/framing'
import { MemoryTransport, VirtualClock } from 'tendon/testing'
import { describe, expect, it } from 'vitest'

describe('a robot with a sensor on an unplugged port', () => {
  it.each([true, false])(
    'starts exactly when the sensor is optional (%s), and hears it once it is plugged in',
    async (optional) => {
      let device: ByteConnection | undefined
      const port = new MemoryTransport({
        connect: (end) => {
          device = end
        },
      })
      port.unplug()
      const clock = new VirtualClock()
      const definition = defineRobot('desk', { sensors: { voice: lines(port, { optional }) } }).with({})
      const starting = start(definition, { clock })
      if (!optional) {
        await expect(clock.run(starting)).rejects.toMatchObject({ code: 'TENDON_PORT_OPEN_FAILED' })
        return expect(clock.pending).toBe(0)
      }
      const robot = await clock.run(starting)
      expect(robot.log.entries()).toMatchObject([{ type: 'sensor', from: 'unknown', to: 'lost', sensor: 'voice' }])
      port.plug()
      await clock.advance(1)
      device?.write(new TextEncoder().encode('hello\n'))
      await clock.settle()
      expect([robot.sensors.voice.health(), robot.sensors.voice.latest()]).toMatchObject([
        'ok',
        { reading: { value: 'hello', seq: 1 } },
      ])
      await clock.run(robot.close())
      expect(clock.pending).toBe(0)
    },
  )
})
