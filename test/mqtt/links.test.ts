import { systemClock } from 'tendon'
import { embeddedBroker } from 'tendon/broker'
import type { MessageLink } from 'tendon/device'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { embedded } from './brokers.ts'
import { codeOf, linkFacts } from './link-facts.ts'

linkFacts(embedded)

describe('a link', () => {
  it('that is closed while it tries to connect gives up at once', async () => {
    const broker = await embeddedBroker()
    const link = await broker.link({ optional: true }).open({ clock: systemClock })
    const offline = new Promise((resolve) => link.onStatus(resolve))
    await broker.close()
    expect(await offline).toMatchObject({ online: false })
    await link.close()
    expect(link.status).toEqual({ online: false, problem: undefined })
    expect(await codeOf(link.subscribe('a', () => {}))).toBe('TENDON_LINK_CLOSED')
  })

  it('tells its changes to each listener, whatever another one throws', async () => {
    const warnings: unknown[] = []
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation((thrown) => void warnings.push(thrown))
    onTestFinished(() => warning.mockRestore())
    const broker = await embeddedBroker()
    const link = await broker.link().open({ clock: systemClock })
    onTestFinished(() => link.close())
    link.onStatus(() => {
      throw new Error('no')
    })
    const told = new Promise((resolve) => link.onStatus(resolve))
    await broker.close()
    expect(await told).toMatchObject({ online: false })
    expect(String(warnings[0])).toBe('Error: no')
  })
})

describe('two subscriptions of one filter', () => {
  let link: MessageLink | undefined
  afterEach(() => link?.close())

  it('are one at the broker, which goes with the last of them', async () => {
    await using broker = await embeddedBroker()
    const opened = await broker.link().open({ clock: systemClock })
    link = opened
    const heard: string[] = []
    const hear = (name: string) => (message: { topic: string }) => void heard.push(`${name} ${message.topic}`)
    const first = await opened.subscribe('a', hear('first'))
    const second = await opened.subscribe('a', hear('second'))
    const told = new Promise<void>((resolve) => {
      void opened.subscribe('end', () => resolve())
    })
    await broker.publish('a', 1)
    first()
    await broker.publish('a', 2)
    second()
    // The broker has handled the end of the subscription when it has handled the next request.
    await opened.subscribe('b', () => {})
    await broker.publish('a', 3)
    await broker.publish('end', '')
    await told
    expect(heard.filter((line) => line.startsWith('second'))).toHaveLength(2)
    expect(heard.filter((line) => line.startsWith('first')).length).toBeLessThan(3)
  })

  it('get what the broker had retained, the second one too, and the first not twice', async () => {
    await using broker = await embeddedBroker()
    await broker.publish('a', 'kept', { retain: true })
    const opened = await broker.link().open({ clock: systemClock })
    link = opened
    const heard: string[] = []
    for (const name of ['first', 'second']) {
      await opened.subscribe('a', ({ retained }) => void heard.push(`${name} ${retained}`))
      await opened.subscribe(`marker/${name}`, () => {})
    }
    await new Promise<void>((resolve) => {
      void opened.subscribe('end', () => resolve()).then(() => broker.publish('end', ''))
    })
    expect(heard.sort()).toEqual(['first true', 'second true'])
  })
})
