import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineRobot, type RobotDefinition } from 'tendon'
import { dynamixel, xm430 } from 'tendon/dynamixel'
import { i2c } from 'tendon/i2c'
import { hobbyServo, pca9685 } from 'tendon/pca9685'
import { serial } from 'tendon/serial'
import { simulated } from 'tendon/sim'
import { describe, expect, it } from 'vitest'
import { cardOf, forgetBuses, readCard, writeCard } from '../../../src/cli/control/card.ts'

const joint = { position: [-1, 1] as const, velocity: 1, stop: 'park' as const }
const model = defineRobot('rig', {
  buses: {
    arm: dynamixel({ port: serial({ serialNumber: 'A50285BI', baudRate: 57_600 }) }),
    head: pca9685({ port: i2c({ bus: 1 }), address: 0x41 }),
    lamp: pca9685({ port: i2c({ bus: 1 }) }),
  },
  joints: {
    lift: { ...joint, servo: xm430('arm', 2, { shadows: [3] }) },
    pan: { ...joint, servo: hobbyServo('head', 0, { speed: 5, assumed: 0 }) },
  },
})
const robot = model.with({})
const card = cardOf(robot as unknown as RobotDefinition)

describe('the card of a robot', () => {
  it('has every bus behind a wire with what stop --port needs: family, port, rate, chip, and shadows by their ids', () => {
    expect(card.buses).toEqual([
      {
        name: 'arm',
        family: 'dynamixel',
        port: 'serial:A50285BI',
        baudRate: 57_600,
        servos: [
          { joint: 'lift', id: 2 },
          { joint: 'lift', id: 3 },
        ],
      },
      { name: 'head', family: 'pca9685', port: '/dev/i2c-1', chip: 0x41, servos: [{ joint: 'pan', id: 0 }] },
      { name: 'lamp', family: 'pca9685', port: '/dev/i2c-1', chip: 0x40, servos: [] },
    ])
  })

  it('has no bus of a simulated one', () => {
    expect(cardOf(simulated(robot) as unknown as RobotDefinition).buses).toEqual([])
  })

  it('loses the buses that were read back without power, and goes with the last of them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tendon-card-'))
    writeCard(folder, card)
    const [arm, head, lamp] = card.buses
    if (!arm || !head || !lamp) throw new Error('the card has changed')
    forgetBuses(folder, card, [head, lamp])
    expect(readCard(folder, 'rig')).toMatchObject({ robot: 'rig', pid: process.pid, buses: [{ name: 'arm' }] })
    forgetBuses(folder, card, [arm, head, lamp])
    expect(existsSync(join(folder, 'rig.json'))).toBe(false)
  })
})
