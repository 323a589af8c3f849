import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, TendonError } from 'tendon'
import { embeddedBroker } from 'tendon/broker'
import type { LinkStatus, MessageLink } from 'tendon/device'
import { type MqttOptions, mqtt } from 'tendon/mqtt'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Mosquitto } from './brokers.ts'
import { CONNACK, CONNECT, connack, disconnect, fakeBroker, PUBLISH, SUBSCRIBE } from './fake-broker.ts'

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')

async function refusal(work: Promise<unknown>) {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(thrown instanceof TendonError)) throw new Error(`a TendonError was expected, got ${String(thrown)}`)
  return thrown.problem
}

/** What opening a link with these options is refused with. */
const refusalOf = (options: MqttOptions) => refusal(mqtt(options).open({ clock: systemClock }))

async function opened(options: MqttOptions): Promise<MessageLink> {
  const link = await mqtt(options).open({ clock: systemClock })
  onTestFinished(() => link.close())
  return link
}

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

describe('mosquitto with a password file', () => {
  const withPassword = async (...more: string[]): Promise<Mosquitto> => {
    const folder = mkdtempSync(join(tmpdir(), 'tendon-password-'))
    const file = join(folder, 'passwords')
    execFileSync('mosquitto_passwd', ['-b', '-c', file, 'robot', 'secret'])
    const passwords = readFileSync(file, 'utf8')
    rmSync(folder, { recursive: true })
    const acl = 'user robot\ntopic readwrite room/#\n'
    const settings = ['allow_anonymous false', 'password_file {folder}/passwords', ...more]
    return Mosquitto.start(settings, { passwords, acl })
  }

  it.each([
    ['nobody', {}],
    ['the wrong password', { username: 'robot', password: 'guess' }],
    ['another user', { username: 'eve', password: 'secret' }],
  ])('refuses %s, and the problem shows no password', async (_, who) => {
    await using broker = await withPassword()
    for (const version of [4, 5] as const) {
      const problem = await refusalOf({ url: broker.url, version, ...who })
      expect(problem).toMatchObject({ code: 'TENDON_MQTT_NOT_AUTHORIZED' })
      expect(JSON.stringify({ ...problem, cause: undefined })).not.toMatch(/guess|secret/)
    }
  })

  it('takes user and password from the options and from the url, and the address shows neither', async () => {
    await using broker = await withPassword()
    const plain = await opened({ url: broker.url, username: 'robot', password: 'secret' })
    const inUrl = await opened({ url: broker.url.replace('//', '//robot:secret@') })
    expect([plain.status.online, inUrl.status.online]).toEqual([true, true])
    expect(inUrl.address).toBe(broker.url)
  })

  it('says of a message that this user may not write that it was not taken', async () => {
    await using broker = await withPassword('acl_file {folder}/acl')
    const link = await opened({ url: broker.url, username: 'robot', password: 'secret' })
    await link.publish('room/lamp', 'on', { qos: 1 })
    expect(await refusal(link.publish('hall/lamp', 'on', { qos: 1 }))).toMatchObject({
      code: 'TENDON_MQTT_PUBLISH_REFUSED',
      facts: { topic: 'hall/lamp', reason: 'Not authorized' },
    })
  })
})

describe('mosquitto behind TLS', () => {
  const start = () =>
    Mosquitto.start(['allow_anonymous true', 'certfile {folder}/broker.pem', 'keyfile {folder}/broker.key'], {
      'broker.pem': fixture('broker.pem'),
      'broker.key': fixture('broker.key'),
    })
  const secure = (broker: Mosquitto, host = 'localhost'): string => `mqtts://${host}:${broker.port}`

  it('is trusted by the certificate that it was given, by name and by address', async () => {
    await using broker = await start()
    const ca = fixture('broker.pem')
    for (const host of ['localhost', '127.0.0.1']) {
      const link = await opened({ url: secure(broker, host), ca })
      const heard = new Promise<string>((resolve) => {
        void link
          .subscribe('a', ({ payload }) => resolve(`${Buffer.from(payload)}`))
          .then(() => link.publish('a', 'safe'))
      })
      expect(await heard).toBe('safe')
    }
  })

  it('is refused when nobody vouches for it or its name is another, and let in only when told so', async () => {
    await using broker = await start()
    expect(await refusalOf({ url: secure(broker) })).toMatchObject({ code: 'TENDON_MQTT_TLS' })
    const other = { url: secure(broker), ca: fixture('broker.pem'), servername: 'other.example' }
    expect(await refusalOf(other)).toMatchObject({ code: 'TENDON_MQTT_TLS' })
    expect(await refusalOf({ url: secure(broker), ca: 'no certificate', cert: 'x', key: 'y' })).toMatchObject({
      code: 'TENDON_MQTT_TLS',
    })
    expect((await opened({ url: secure(broker), rejectUnauthorized: false })).status.online).toBe(true)
  })

  it('cannot be reached without TLS, nor can a plain broker with it', async () => {
    await using broker = await start()
    expect((await refusalOf({ url: broker.url })).code).toMatch(/^TENDON_MQTT_(UNREACHABLE|MALFORMED)$/)
    await using plain = await embeddedBroker()
    expect(await refusalOf({ url: plain.url.replace('mqtt:', 'mqtts:') })).toMatchObject({ code: 'TENDON_MQTT_TLS' })
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
