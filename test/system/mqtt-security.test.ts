import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineRobot, start } from 'tendon'
import { mqtt, mqttSensor } from 'tendon/mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { opened, refusal, refusalOf } from '../mqtt/refusals.ts'
import { Authority, type Certified } from './certificates.ts'
import { Mosquitto } from './mosquitto.ts'
import { systemProgram } from './programs.ts'

describe('mosquitto with a password file', () => {
  const withPassword = async (...more: string[]): Promise<Mosquitto> => {
    const folder = mkdtempSync(join(tmpdir(), 'tendon-password-'))
    const file = join(folder, 'passwords')
    execFileSync(systemProgram('mosquitto_passwd', 'mosquitto'), ['-b', '-c', file, 'robot', 'secret'])
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
  ])('refuses %s, says how to try, and the problem shows no password', async (_, who) => {
    await using broker = await withPassword()
    for (const version of [4, 5] as const) {
      const problem = await refusalOf({ url: broker.url, version, ...who })
      expect(problem).toMatchObject({ code: 'TENDON_MQTT_NOT_AUTHORIZED', power: 'unchanged' })
      expect(problem.fix).toMatch(/^mosquitto_sub -h 127\.0\.0\.1 -p \d+ -u \S+ -P PASSWORD /)
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

  it('keeps a robot from starting with the same problem', async () => {
    await using broker = await withPassword()
    const room = defineRobot('room', {
      links: { lab: mqtt({ url: broker.url, username: 'robot', password: 'guess' }) },
      sensors: { door: mqttSensor('lab', 'room/door') },
    }).with({})
    expect(await refusal(start(room))).toMatchObject({
      code: 'TENDON_MQTT_NOT_AUTHORIZED',
      facts: { username: 'robot' },
    })
  })
})

describe('mosquitto behind TLS, with an authority of our own', () => {
  let authority: Authority
  let stranger: Authority
  let good: Certified
  beforeAll(() => {
    authority = new Authority()
    stranger = new Authority()
    good = authority.sign('DNS:localhost,IP:127.0.0.1')
  })
  afterAll(() => {
    authority.dispose()
    stranger.dispose()
  })

  const start = ({ certificate, key }: Certified = good): Promise<Mosquitto> =>
    Mosquitto.start(['allow_anonymous true', 'certfile {folder}/broker.pem', 'keyfile {folder}/broker.key'], {
      'broker.pem': certificate,
      'broker.key': key,
    })
  const secure = (broker: Mosquitto, host = 'localhost'): string => `mqtts://${host}:${broker.port}`

  it('is trusted by name and by address, and carries messages', async () => {
    await using broker = await start()
    for (const host of ['localhost', '127.0.0.1']) {
      const link = await opened({ url: secure(broker, host), ca: authority.certificate })
      const heard = new Promise<string>((resolve) => {
        void link
          .subscribe('a', ({ payload }) => resolve(`${Buffer.from(payload)}`))
          .then(() => link.publish('a', 'safe'))
      })
      expect(await heard).toBe('safe')
    }
  })

  it('comes back by itself when the broker restarts', async () => {
    await using broker = await start()
    const link = await opened({ url: secure(broker), ca: authority.certificate })
    const changes: boolean[] = []
    const back = new Promise<void>((resolve) => {
      link.onStatus(({ online }) => {
        changes.push(online)
        if (online) resolve()
      })
    })
    await broker.kill()
    await broker.restart()
    await back
    expect([changes[0], changes.at(-1)]).toEqual([false, true])
  })

  it('is refused when nobody vouches for it, with the line that names the authority', async () => {
    await using broker = await start()
    for (const ca of [undefined, stranger.certificate])
      expect(await refusalOf({ url: secure(broker), ca })).toMatchObject({
        code: 'TENDON_MQTT_CERTIFICATE_UNTRUSTED',
        power: 'unchanged',
        fix: `mqtt({ url: '${secure(broker)}', ca: readFileSync('ca.pem') })`,
      })
    expect((await opened({ url: secure(broker), rejectUnauthorized: false })).status.online).toBe(true)
  })

  it.each([
    ['has expired', '20200101000000Z', '20200201000000Z', 'certificate has expired'],
    ['is not valid yet', '20980101000000Z', '20990101000000Z', 'certificate is not yet valid'],
  ])('is refused when its certificate %s, with a command that shows its dates', async (_, from, until, reason) => {
    await using broker = await start(authority.sign('DNS:localhost', from, until))
    const problem = await refusalOf({ url: secure(broker), ca: authority.certificate })
    expect(problem).toMatchObject({ code: 'TENDON_MQTT_CERTIFICATE_EXPIRED', facts: { reason } })
    const dates = execFileSync('sh', ['-c', problem.fix.replace(/^.*?: /, '')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    expect(dates).toMatch(/notBefore=.*\nnotAfter=.*\n/)
  })

  it('is refused when its certificate is for another host, which is named', async () => {
    await using broker = await start(authority.sign('DNS:other.example'))
    expect(await refusalOf({ url: secure(broker), ca: authority.certificate })).toMatchObject({
      code: 'TENDON_MQTT_CERTIFICATE_HOST',
      facts: { name: 'localhost', names: 'DNS:other.example' },
    })
    const named = { url: secure(broker), ca: authority.certificate, servername: 'other.example' }
    expect((await opened(named)).status.online).toBe(true)
    expect(await refusalOf({ ...named, servername: 'third.example' })).toMatchObject({
      facts: { name: 'third.example' },
    })
  })

  it('cannot be had with certificates that are none, nor without TLS', async () => {
    await using broker = await start()
    const broken = { url: secure(broker), ca: 'no certificate', cert: 'x', key: 'y' }
    expect(await refusalOf(broken)).toMatchObject({ code: 'TENDON_MQTT_TLS' })
    expect((await refusalOf({ url: broker.url })).code).toMatch(/^TENDON_MQTT_(UNREACHABLE|MALFORMED)$/)
  })
})
