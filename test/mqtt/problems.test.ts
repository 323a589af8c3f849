import { once } from 'node:events'
import { connect } from 'node:net'
import { systemClock } from 'tendon'
import { embeddedBroker } from 'tendon/broker'
import type { LinkStatus, MessageLink } from 'tendon/device'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { CONNACK, CONNECT, connack, disconnect, fakeBroker, PUBLISH, SUBSCRIBE } from './fake-broker.ts'
import { opened, refusal, refusalOf } from './refusals.ts'

const nextStatus = (link: MessageLink): Promise<LinkStatus> =>
  new Promise((resolve) => {
    const off = link.onStatus((status) => {
      off()
      resolve(status)
    })
  })

describe('a connection that cannot be had says why', () => {
  it('nobody listens', async () => {
    const broker = await embeddedBroker()
    await broker.close()
    const problem = await refusalOf({ url: broker.url })
    expect(problem).toMatchObject({
      code: 'TENDON_MQTT_REFUSED',
      power: 'unchanged',
      fix: 'systemctl status mosquitto',
    })
  })

  it('a host that nobody knows', async () => {
    const problem = await refusalOf({ url: 'mqtt://broker.invalid' })
    expect(problem).toMatchObject({ code: 'TENDON_MQTT_HOST_UNKNOWN', fix: 'getent hosts broker.invalid' })
  })

  it('no answer within the limit', async () => {
    const url = await fakeBroker(() => undefined)
    expect(await refusalOf({ url, connectTimeout: 0.05 })).toMatchObject({
      code: 'TENDON_MQTT_TIMEOUT',
      facts: { limit: 0.05 },
    })
  })

  it('an answer that is no MQTT', async () => {
    const url = await fakeBroker(() => [...Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')])
    expect(await refusalOf({ url })).toMatchObject({ code: 'TENDON_MQTT_MALFORMED' })
  })

  it('a hang-up instead of an answer', async () => {
    const url = await fakeBroker((_type, _packet, socket) => {
      socket.end()
      return undefined
    })
    expect(await refusalOf({ url })).toMatchObject({
      code: 'TENDON_MQTT_UNREACHABLE',
      facts: { reason: 'the broker closed the connection without an answer' },
    })
  })

  it('a broker that is too busy, in the broker’s own words', async () => {
    const url = await fakeBroker(() => connack(137))
    expect(await refusalOf({ url })).toMatchObject({
      code: 'TENDON_MQTT_REJECTED',
      facts: { code: 137, reason: 'Server busy' },
    })
  })

  it('another version, with the line that speaks the right one', async () => {
    await using embedded = await embeddedBroker()
    expect(await refusalOf({ url: embedded.url })).toMatchObject({
      code: 'TENDON_MQTT_VERSION',
      fix: `mqtt({ url: '${embedded.url}', version: 4 })`,
    })
    const url = await fakeBroker(() => connack(132))
    expect(await refusalOf({ url })).toMatchObject({ code: 'TENDON_MQTT_VERSION' })
  })

  it('a plain broker that is spoken to with TLS', async () => {
    await using plain = await embeddedBroker()
    expect(await refusalOf({ url: plain.url.replace('mqtt:', 'mqtts:') })).toMatchObject({ code: 'TENDON_MQTT_TLS' })
  })

  it('a package that is not installed, when the link is opened and not before', async () => {
    const notInstalled = (): never => {
      throw new Error("Cannot find package 'it'")
    }
    vi.doMock('mqtt', notInstalled)
    vi.doMock('aedes', notInstalled)
    onTestFinished(() => {
      vi.doUnmock('mqtt')
      vi.doUnmock('aedes')
    })
    expect(await refusalOf({ url: 'mqtt://localhost' })).toMatchObject({ fix: 'npm install mqtt' })
    expect(await refusal(embeddedBroker())).toMatchObject({ code: 'TENDON_MODULE_MISSING', fix: 'npm install aedes' })
  })
})

describe('a broker that answers badly', () => {
  afterEach(() => vi.restoreAllMocks())

  it('refuses a subscription: the reason is told, and the link stays', async () => {
    const url = await fakeBroker((type, packet) => {
      if (type === CONNECT) return CONNACK
      return type === SUBSCRIBE ? [0x90, 4, packet[2] ?? 0, packet[3] ?? 0, 0, 135] : undefined
    })
    const link = await opened({ url })
    expect(await refusal(link.subscribe('secret', () => {}))).toMatchObject({
      code: 'TENDON_MQTT_SUBSCRIBE_REFUSED',
      facts: { filter: 'secret', reason: 'Not authorized' },
    })
    expect(link.status.online).toBe(true)
  })

  it('does not confirm a subscription: it ends after the limit', async () => {
    const url = await fakeBroker((type) => (type === CONNECT ? CONNACK : undefined))
    const link = await opened({ url, connectTimeout: 0.2 })
    expect(await refusal(link.subscribe('a', () => {}))).toMatchObject({ code: 'TENDON_MQTT_TIMEOUT' })
  })

  it('hangs up before it has confirmed a message: the message ends as lost', async () => {
    const url = await fakeBroker((type, _packet, socket) => {
      if (type === CONNECT) return CONNACK
      if (type === PUBLISH) socket.destroy()
      return undefined
    })
    const link = await opened({ url })
    expect(await refusal(link.publish('a', 'b', { qos: 1 }))).toMatchObject({ code: 'TENDON_MQTT_LOST' })
  })

  it('confirms nothing: one message more than the bound is refused, and the others end with the link', async () => {
    const url = await fakeBroker((type) => (type === CONNECT ? CONNACK : undefined))
    const link = await opened({ url })
    const waiting = Array.from({ length: 256 }, () => refusal(link.publish('a', 'b', { qos: 1 })))
    expect(await refusal(link.publish('a', 'b', { qos: 1 }))).toMatchObject({ code: 'TENDON_MQTT_PUBLISH_REFUSED' })
    await link.close()
    expect(new Set((await Promise.all(waiting)).map(({ code }) => code))).toEqual(new Set(['TENDON_LINK_CLOSED']))
  })

  it('sends what is no packet: the link is lost and made anew', async () => {
    let connections = 0
    const url = await fakeBroker((type) => {
      if (type === CONNECT) connections++
      if (type === CONNECT) return CONNACK
      return type === SUBSCRIBE ? [0x00, 0xff, 0xff, 0xff, 0xff, 0xff] : undefined
    })
    const link = await opened({ url })
    const lost = nextStatus(link)
    expect(await refusal(link.subscribe('a', () => {}))).toMatchObject({ code: 'TENDON_MQTT_LOST' })
    expect(await lost).toMatchObject({ online: false, problem: { code: 'TENDON_MQTT_LOST' } })
    expect(await nextStatus(link)).toEqual({ online: true })
    expect(connections).toBe(2)
  })

  it('says that another client has taken the name', async () => {
    const url = await fakeBroker((type) => {
      if (type === CONNECT) return CONNACK
      return type === SUBSCRIBE ? disconnect(142) : undefined
    })
    const link = await opened({ url, clientId: 'arm-1' })
    const lost = nextStatus(link)
    void link.subscribe('a', () => {}).catch(() => {})
    expect(await lost).toMatchObject({ problem: { code: 'TENDON_MQTT_TAKEN_OVER', facts: { clientId: 'arm-1' } } })
  })

  it('asks for a clean start without a session, keepalive 5 s, and a largest message', async () => {
    const connects: Buffer[] = []
    const url = await fakeBroker((type, packet) => {
      if (type !== CONNECT) return undefined
      connects.push(packet)
      return CONNACK
    })
    await opened({ url, clientId: 'c', largestMessage: 4096 })
    const [packet] = connects
    // 'MQTT', version 5, flags: clean start, keepalive, then properties: session expiry (0x11) and packet size (0x27).
    expect([...(packet ?? [])].slice(2, 23)).toEqual([
      ...[0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 0b10, 0, 5],
      ...[10, 0x11, 0, 0, 0, 0, 0x27, 0, 0, 0x10, 0],
    ])
  })
})

describe('the embedded broker', () => {
  it('cannot listen where another program does, and says so', async () => {
    await using first = await embeddedBroker()
    const port = Number(new URL(first.url).port)
    expect(await refusal(embeddedBroker({ port }))).toMatchObject({ code: 'TENDON_BROKER_LISTEN_FAILED' })
  })

  it('throws out a client that takes nothing, and the others go on', { timeout: 30_000 }, async () => {
    await using broker = await embeddedBroker()
    const link = await broker.link().open({ clock: systemClock })
    onTestFinished(() => link.close())
    const before = broker.clients
    const deaf = await deafClient(broker.url)
    expect(broker.clients).toBe(before + 1)
    let heard = 0
    const big = Buffer.alloc(100_000)
    const all = 200
    const done = new Promise<void>((resolve) => {
      void link
        .subscribe('flood', () => ++heard === all && resolve())
        .then(async () => {
          for (let i = 0; i < all; i++) await broker.publish('flood', big)
        })
    })
    await done
    // It reads again, and finds its end.
    deaf.socket.resume()
    await deaf.gone
    expect(heard).toBe(all)
    expect(broker.clients).toBe(before)
  })
})

/** A client of MQTT 3.1.1 that subscribes to everything and then reads no more. */
async function deafClient(url: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  const gone = new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
  })
  socket.write(Uint8Array.from([0x10, 16, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 4, ...Buffer.from('deaf')]))
  await once(socket, 'data')
  socket.write(Uint8Array.from([0x82, 6, 0, 1, 0, 1, 0x23, 0]))
  await once(socket, 'data')
  socket.pause()
  return { socket, gone }
}
