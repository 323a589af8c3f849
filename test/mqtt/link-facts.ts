import { connect } from 'node:net'
import { defineRobot, start, TendonError } from 'tendon'
import { mqtt, mqttSensor } from 'tendon/mqtt'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { simulated } from '../../src/sim/simulated.ts'
import { type BrokerKind, Stranger } from './brokers.ts'
import { boot, eventOf, lab } from './lab.ts'

const room = defineRobot('room', {
  links: { lab: mqtt({ url: 'mqtt://nowhere.invalid' }) },
  sensors: {
    temperature: mqttSensor('lab', 'room/temperature', z.number()),
    door: mqttSensor('lab', 'room/door'),
  },
}).with({})

/** The code of what a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  return thrown instanceof TendonError ? thrown.code : undefined
}

/** What a link promises at any broker. */
export function linkFacts(broker: BrokerKind): void {
  describe(`a link to ${broker.name}`, () => {
    it('that dies is lost for each of its sensors, comes back by itself, and so do they', async () => {
      const { broker: running } = await lab(broker)
      const robot = await boot(room, running)
      const both = ['temperature', 'door'] as const
      const lost = both.map((sensor) =>
        eventOf(robot, (e) => e.type === 'sensor' && e.sensor === sensor && e.to === 'lost'),
      )
      await running.kill()
      const events = await Promise.all(lost)
      expect(events.map((event) => 'problem' in event && event.problem?.code)).toEqual([
        'TENDON_MQTT_LOST',
        'TENDON_MQTT_LOST',
      ])
      expect(robot.links.lab.status).toMatchObject({ online: false })
      const healed = new Promise<void>((resolve) => {
        let opened = 0
        robot.log.onAny((e) => {
          if (e.type === 'note' && e.what === 'sensor.opened' && ++opened === both.length) resolve()
        })
      })
      await running.restart()
      await healed
      await using stranger = await Stranger.at(running.url, { protocolVersion: broker.version })
      const values = both.map((sensor) => robot.sensors[sensor].next())
      await stranger.say('room/temperature', '21')
      await stranger.say('room/door', 'shut')
      expect((await Promise.all(values)).map(({ value }) => value)).toEqual([21, 'shut'])
      expect(both.map((sensor) => robot.sensors[sensor].health())).toEqual(['ok', 'ok'])
    })

    it('refuses to publish while it is offline, and delivers nothing of it when it is back', async () => {
      const { broker: running } = await lab(broker)
      const robot = await boot(room, running)
      const offline = eventOf(robot, (e) => e.type === 'note' && e.what === 'link.offline')
      await running.kill()
      await offline
      for (const qos of [0, 1] as const)
        expect(await codeOf(robot.links.lab.publish('orders', 'late', { qos }))).toBe('TENDON_LINK_CLOSED')
      await running.restart()
      // Somebody who hears everything, before the robot is back.
      await using stranger = await Stranger.at(running.url, { protocolVersion: broker.version })
      await stranger.listen('orders')
      if (!robot.links.lab.status.online)
        await new Promise<void>((resolve) => {
          robot.links.lab.onStatus(({ online }) => online && resolve())
        })
      await robot.links.lab.publish('orders', 'new', { qos: 1 })
      await stranger.hears('orders new')
      expect(stranger.heard).toEqual(['orders new'])
    })

    it('publishes text and bytes, retained where that was asked for', async () => {
      const { broker: running, stranger } = await lab(broker)
      const robot = await boot(room, running)
      await stranger.listen('out/#')
      await robot.links.lab.publish('out/text', 'grün')
      await robot.links.lab.publish('out/bytes', Uint8Array.of(0x41), { qos: 1, retain: true })
      await stranger.hears('out/bytes A')
      expect(stranger.heard).toEqual(['out/text grün', 'out/bytes A'])
      await using later = await Stranger.at(running.url, { protocolVersion: broker.version })
      await later.listen('out/#')
      await later.hears('out/bytes A')
      expect(await codeOf(robot.links.lab.publish('out/+', 'x'))).toBe('TENDON_MQTT_PUBLISH_REFUSED')
    })

    it('that is down keeps a robot from starting, and leaves nothing open', async () => {
      const { broker: running } = await lab(broker)
      await running.kill()
      const before = await resources()
      expect(await codeOf(start(simulated(room, { links: { lab: running.link() } })))).toBe('TENDON_MQTT_REFUSED')
      expect(await resources()).toEqual(before)
    })

    it('that is optional does not: its sensors are lost, and come up with the broker', async () => {
      const { broker: running } = await lab(broker)
      await running.kill()
      const robot = await boot(room, running.link({ optional: true }))
      expect(robot.sensors.temperature.health()).toBe('lost')
      expect(robot.links.lab.status).toMatchObject({ online: false, problem: { code: 'TENDON_MQTT_REFUSED' } })
      const opened = eventOf(robot, (e) => e.type === 'note' && e.what === 'sensor.opened' && e.facts.sensor === 'door')
      await running.restart()
      await opened
      await using stranger = await Stranger.at(running.url, { protocolVersion: broker.version })
      const next = robot.sensors.door.next()
      await stranger.say('room/door', 'open')
      expect((await next).value).toBe('open')
    })

    it('leaves no socket when the robot closes, and takes no more messages', async () => {
      const { broker: running } = await lab(broker)
      const before = await resources()
      const robot = await boot(room, running)
      await robot.close()
      expect(await resources()).toEqual(before)
      expect(await codeOf(robot.links.lab.publish('x', 'y'))).toBe('TENDON_LINK_CLOSED')
    })

    it('switches Nagle’s algorithm off on every connection, on those after a loss too', async () => {
      const { broker: running } = await lab(broker)
      const peers = await withoutDelay(running.url)
      const port = Number(new URL(running.url).port)
      const robot = await boot(room, running)
      expect(peers.filter((peer) => peer === port)).toHaveLength(1)
      const lost = eventOf(robot, (e) => e.type === 'note' && e.what === 'link.offline')
      await running.kill()
      await lost
      const online = eventOf(robot, (e) => e.type === 'note' && e.what === 'link.online')
      await running.restart()
      await online
      expect(peers.filter((peer) => peer === port)).toHaveLength(2)
    })
  })
}

/** The sockets of this process, when what was closed has had its turns to go. */
async function resources(): Promise<string[]> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  return process
    .getActiveResourcesInfo()
    .filter((name) => /^(TCP|TLS|GetAddrInfo)/.test(name))
    .sort()
}

/** The handle below a socket: where the option reaches the system. */
interface TcpHandle {
  setNoDelay(on: boolean): number
  getpeername(out: { port?: number }): number
}

/** The ports to which connections are made from now on with Nagle's algorithm off, in this test. */
async function withoutDelay(url: string): Promise<(number | undefined)[]> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await new Promise((resolve) => socket.once('connect', resolve))
  const { _handle: handle } = socket as unknown as { readonly _handle: TcpHandle }
  socket.destroy()
  const prototype = Object.getPrototypeOf(handle) as TcpHandle
  const original = prototype.setNoDelay
  const peers: (number | undefined)[] = []
  const spy = vi.spyOn(prototype, 'setNoDelay').mockImplementation(function (this: TcpHandle, on) {
    const peer: { port?: number } = {}
    this.getpeername(peer)
    if (on) peers.push(peer.port)
    return original.call(this, on)
  })
  onTestFinished(() => spy.mockRestore())
  return peers
}
