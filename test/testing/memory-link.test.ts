import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineRobot } from '../../src/index.ts'
import { harness, memoryLink } from '../../src/testing/index.ts'
import { mqtt, mqttSensor } from '../../src/transports/mqtt/index.ts'

const model = defineRobot('house', {
  links: { lab: mqtt({ url: 'mqtt://localhost' }) },
  sensors: {
    room: mqttSensor('lab', 'room/temperature', z.number(), { maxAge: 10 }),
    beds: mqttSensor('lab', 'beds/+/wet', z.boolean()),
  },
})
const house = model.with({})

describe('a link in memory', () => {
  it('gives sensors what is said, by their filters, on the virtual clock', async () => {
    const lab = memoryLink()
    await using rig = await harness(house, { links: { lab } })
    const { room, beds } = rig.robot.sensors
    lab.say('room/temperature', 21.5)
    lab.say('beds/3/wet', true)
    lab.say('beds/3/dry', true)
    lab.say('room/temperature', 'warm')
    expect(room.latest()).toMatchObject({ status: 'fresh', reading: { value: 21.5, seq: 1 } })
    expect(beds.latest()).toMatchObject({ reading: { value: { topic: 'beds/3/wet', value: true } } })
    expect(room.counts().bad).toEqual({ parse: 1 })
    await rig.clock.advance(11)
    expect(room.health()).toBe('stale')
  })

  it('remembers what a robot publishes, and takes nothing more when that is closed', async () => {
    const lab = memoryLink()
    const rig = await harness(house, { links: { lab } })
    const port = rig.robot.links.lab
    await port.publish('lamp', 'on', { retain: true })
    expect(
      lab.published.map(({ topic, payload, retained }) => [topic, String.fromCharCode(...payload), retained]),
    ).toEqual([['lamp', 'on', true]])
    await rig.close()
    await expect(port.publish('lamp', 'off')).rejects.toMatchObject({ code: 'TENDON_LINK_CLOSED' })
    lab.say('room/temperature', 3)
    expect(rig.robot.sensors.room.latest()).toEqual({ status: 'unknown' })
  })

  it('serves two robots at a time, and the one that stays when the other goes', async () => {
    const lab = memoryLink()
    const gone = await harness(house, { links: { lab } })
    await using stays = await harness(house, { links: { lab } })
    lab.say('room/temperature', 1)
    await gone.close()
    lab.say('room/temperature', 2)
    expect(gone.robot.sensors.room.counts().readings).toBe(1)
    expect(stays.robot.sensors.room.counts().readings).toBe(2)
  })
})

describe('a simulated robot whose link nobody named', () => {
  it('hears nothing, and what it publishes goes nowhere', async () => {
    await using rig = await harness(house)
    expect(rig.sim.silentSensors).toEqual(['room', 'beds'])
    expect(rig.robot.links.lab).toMatchObject({ address: 'simulated lab', status: { online: true } })
    await rig.robot.links.lab.publish('lamp', 'on')
    expect(rig.robot.sensors.room.health()).toBe('unknown')
  })
})
