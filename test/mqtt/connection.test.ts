import { once } from 'node:events'
import type { Socket } from 'node:net'
import { systemClock } from 'tendon'
import type { LinkStatus, MessageLink } from 'tendon/device'
import { mqtt } from 'tendon/mqtt'
import { VirtualClock } from 'tendon/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CONNACK, CONNECT, confirm, fakeBroker, PINGREQ, SUBSCRIBE, UNSUBSCRIBE } from './fake-broker.ts'

const nextStatus = (link: MessageLink): Promise<LinkStatus> =>
  new Promise((resolve) => {
    const off = link.onStatus((status) => {
      off()
      resolve(status)
    })
  })

/** A broker that confirms everything but what `answers` takes over, and the types of the packets that it got. */
async function world(answers: (type: number, socket: Socket) => readonly number[] | undefined = () => undefined) {
  const got: number[] = []
  const sockets: Socket[] = []
  const url = await fakeBroker((type, packet, socket) => {
    got.push(type)
    if (type === CONNECT) sockets.push(socket)
    const own = answers(type, socket)
    if (own) return own
    if (type === CONNECT) return CONNACK
    if (type === PINGREQ) return [0xd0, 0]
    return type === SUBSCRIBE || type === UNSUBSCRIBE ? confirm(type, packet) : undefined
  })
  return { url, got, sockets }
}

describe('a connection, as its broker sees it', () => {
  it('asks once per keepalive, and is lost after one and a half without an answer', async () => {
    let answers = true
    const asked: (() => void)[] = []
    const { url, got } = await world((type) => {
      if (type !== PINGREQ) return undefined
      asked.shift()?.()
      return answers ? undefined : []
    })
    const clock = new VirtualClock()
    const link = await mqtt({ url, keepalive: 10 }).open({ clock })
    onTestFinished(() => link.close())
    const pinged = () => new Promise<void>((resolve) => void asked.push(resolve))
    const first = pinged()
    await clock.advance(10)
    await first
    // Its answer is on the way: any request after it has been answered later.
    await link.subscribe('a', () => {})
    answers = false
    const second = pinged()
    await clock.advance(10)
    await second
    expect(got.filter((type) => type === PINGREQ)).toHaveLength(2)
    expect(link.status.online).toBe(true)
    const lost = nextStatus(link)
    await clock.advance(5)
    expect(await lost).toMatchObject({ online: false, problem: { code: 'TENDON_MQTT_LOST' } })
  })

  it('that is lost is reset, so that the system sends nothing more of it', async () => {
    const { url, sockets } = await world()
    const clock = new VirtualClock()
    const link = await mqtt({ url, keepalive: 10 }).open({ clock })
    onTestFinished(() => link.close())
    const socket = sockets[0]
    if (!socket) throw new Error('a connection was expected')
    socket.pause()
    const reset = once(socket, 'error')
    await clock.advance(15)
    expect(link.status.online).toBe(false)
    socket.resume()
    // A connection that was merely closed would end without an error, after everything that was still to be sent.
    expect((await reset)[0]).toMatchObject({ code: 'ECONNRESET' })
  })

  it('has one timer while it is online, one while it waits to try again, and none when the link is closed', async () => {
    const { url, sockets } = await world()
    const clock = new VirtualClock()
    const link = await mqtt({ url }).open({ clock })
    expect(clock.pending).toBe(1)
    const lost = nextStatus(link)
    sockets[0]?.destroy()
    await lost
    expect(clock.pending).toBe(1)
    await link.close()
    expect(clock.pending).toBe(0)
  })

  it('says goodbye when the link is closed, and unsubscribes a filter with its last listener only', async () => {
    const { url, got, sockets } = await world()
    const link = await mqtt({ url }).open({ clock: systemClock })
    const first = await link.subscribe('a', () => {})
    const second = await link.subscribe('a', () => {})
    first()
    await link.subscribe('b', () => {})
    expect(got).toEqual([CONNECT, SUBSCRIBE, SUBSCRIBE, SUBSCRIBE])
    second()
    const ended = once(sockets[0] as Socket, 'close')
    await link.close()
    await ended
    expect(got.slice(4)).toEqual([UNSUBSCRIBE, 14])
  })
})

describe('a subscription', () => {
  const publish = (topic: string, payload: string): number[] => {
    const body = [0, topic.length, ...Buffer.from(topic), 0, ...Buffer.from(payload)]
    return [0x30, body.length, ...body]
  }

  it('can be made again after it was ended', async () => {
    const { url, sockets } = await world()
    const link = await mqtt({ url }).open({ clock: systemClock })
    onTestFinished(() => link.close())
    const leave = await link.subscribe('a', () => {})
    leave()
    leave()
    const heard = new Promise(
      (resolve) => void link.subscribe('a', resolve).then(() => sockets[0]?.write(Buffer.from(publish('a', 'x')))),
    )
    expect(await heard).toMatchObject({ topic: 'a', retained: false })
  })

  it('ends with its connection: nothing reaches it through the next one', async () => {
    const { url, sockets } = await world()
    const link = await mqtt({ url }).open({ clock: systemClock })
    onTestFinished(() => link.close())
    const old: unknown[] = []
    const leave = await link.subscribe('a', (message) => void old.push(message))
    const lost = nextStatus(link)
    sockets[0]?.destroy()
    await lost
    await nextStatus(link)
    const heard = new Promise(
      (resolve) => void link.subscribe('a', resolve).then(() => sockets[1]?.write(Buffer.from(publish('a', 'x')))),
    )
    await heard
    leave()
    expect(old).toEqual([])
  })
})
