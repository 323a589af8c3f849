import { defineRobot, type LinkStatus, service, start, TendonError } from 'tendon'
import type { LinkedSensorSpec, LinkSpec, MessageLink, SensorSink } from 'tendon/device'
import { mqttSensor } from 'tendon/mqtt'
import { VirtualClock } from 'tendon/testing'
import { describe, expect, it } from 'vitest'
import { simulated } from '../../src/sim/simulated.ts'

/** A link that does what a test says, and writes down what is asked of it. */
class ScriptedLink implements LinkSpec, MessageLink {
  readonly kind = 'scripted'
  readonly address: string
  readonly optional: boolean
  readonly told: string[]
  status: LinkStatus = { online: true }
  failure: Error | undefined
  hangs = false
  readonly #listeners = new Set<(status: LinkStatus) => void>()

  constructor(address: string, told: string[], optional = false) {
    this.address = address
    this.told = told
    this.optional = optional
  }

  async open(): Promise<MessageLink> {
    this.told.push(`open ${this.address}`)
    if (this.failure) throw this.failure
    return this
  }
  onStatus(listener: (status: LinkStatus) => void) {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  change(status: LinkStatus): void {
    this.status = status
    for (const listener of [...this.#listeners]) listener(status)
  }
  async subscribe(filter: string) {
    if (!this.status.online) throw new Error('offline')
    this.told.push(`subscribe ${filter}`)
    return () => void this.told.push(`unsubscribe ${filter}`)
  }
  async publish(topic: string): Promise<void> {
    this.told.push(`publish ${topic}`)
  }
  async close(): Promise<void> {
    this.told.push(`close ${this.address}`)
    if (this.hangs) await new Promise(() => {})
  }
}

const LOST = {
  code: 'TEST_LOST',
  severity: 'error',
  power: 'unchanged',
  facts: {},
  what: 'It is lost.',
  why: 'A test.',
  fix: 'None.',
} as const

function world(...links: ScriptedLink[]) {
  const told = links[0]?.told ?? []
  const camera = service('camera', {
    start: () => void told.push('start camera'),
    stop: () => void told.push('stop camera'),
  })
  const robot = defineRobot('room', {
    links: Object.fromEntries(links.map((link) => [link.address, link])),
    sensors: { door: mqttSensor<string, 'door'>('lab', 'door') },
    services: [camera],
  }).with({})
  return { robot, told, clock: new VirtualClock() }
}

describe('the links of a robot', () => {
  it('open before its sensors and services, and close after both', async () => {
    const { robot, told, clock } = world(new ScriptedLink('lab', []))
    const running = await clock.run(start(robot, { clock }))
    await running.links.lab?.publish('out', 'x')
    await clock.run(running.close())
    expect(told).toEqual([
      ...['open lab', 'subscribe door', 'start camera', 'publish out'],
      ...['stop camera', 'unsubscribe door', 'close lab'],
    ])
    expect(clock.pending).toBe(0)
  })

  it('that one of them cannot be had closes the others, and start says why', async () => {
    const told: string[] = []
    const bad = new ScriptedLink('attic', told)
    bad.failure = new TendonError(LOST)
    const { robot, clock } = world(new ScriptedLink('lab', told), bad)
    await expect(clock.run(start(robot, { clock }))).rejects.toMatchObject({ code: 'TEST_LOST' })
    expect(told).toEqual(['open lab', 'open attic', 'close lab'])
  })

  it('that do not close in time do not keep the robot', async () => {
    const link = new ScriptedLink('lab', [])
    const { robot, clock } = world(link)
    const running = await clock.run(start(robot, { clock }))
    link.hangs = true
    await clock.run(running.close())
    expect(running.log.entries().find((e) => e.type === 'note' && e.what === 'link.close_failed')).toBeDefined()
    expect(clock.pending).toBe(0)
  })

  it('bring their sensors back in the step in which they come back, without a wait', async () => {
    const link = new ScriptedLink('lab', [])
    const { robot, told, clock } = world(link)
    const running = await clock.run(start(robot, { clock }))
    link.change({ online: false, problem: LOST })
    expect(running.sensors.door.health()).toBe('lost')
    // So long that the sensor's own next try is far away.
    await clock.advance(60)
    const at = clock.now()
    link.change({ online: true })
    await clock.settle()
    expect(told.filter((line) => line === 'subscribe door')).toHaveLength(2)
    expect(clock.now()).toBe(at)
    await clock.run(running.close())
  })

  it('that are optional make their sensors optional', async () => {
    const link = new ScriptedLink('lab', [], true)
    link.status = { online: false, problem: LOST }
    const { robot, clock } = world(link)
    const running = await clock.run(start(robot, { clock }))
    expect(running.sensors.door.health()).toBe('lost')
    link.change({ online: true })
    await clock.settle()
    expect(running.log.entries().some((e) => e.type === 'note' && e.what === 'sensor.opened')).toBe(true)
    await clock.run(running.close())
  })

  it('are exchanged by name in a simulation, and a name that is none is told with near ones', async () => {
    const { robot, told, clock } = world(new ScriptedLink('lab', []))
    const other = new ScriptedLink('other', told)
    const running = await clock.run(start(simulated(robot, { links: { lab: other } }), { clock }))
    await clock.run(running.close())
    expect(told).toContain('open other')
    expect(told).not.toContain('open lab')
    expect(() => simulated(robot, { links: { lap: other } })).toThrow(/lab/)
  })
})

describe('a sensor that names a link', () => {
  it('that is not declared is a fault of the definition, with near names', () => {
    // As at run time, where nobody has checked the names yet.
    const links: Record<string, LinkSpec> = { lab: new ScriptedLink('lab', []) }
    const sensors = { door: mqttSensor<string, 'door'>('lap', 'door') }
    expect(() => defineRobot('room', { links, sensors }).with({})).toThrow(
      /sensors\.door\.link: there is no link 'lap'.*sensors\.door\.link: Use lab\./,
    )
    expect(() => defineRobot('room', { sensors } as object).with({})).toThrow(/Declare it: links: \{ lap: mqtt/)
  })

  it('cannot be opened without it', async () => {
    const door: LinkedSensorSpec<string> = mqttSensor<string, 'door'>('lab', 'door')
    const sink: SensorSink<string> = { value() {}, bad() {}, ignored() {}, lost() {} }
    await expect(door.open({ clock: new VirtualClock() }, sink)).rejects.toMatchObject({ code: 'TENDON_LINK_UNKNOWN' })
  })
})
