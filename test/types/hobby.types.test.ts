import { describe, expect, it } from 'vitest'
import type { DigitalInput } from '../../src/device/index.ts'
import { type HobbyServoOptions, hobbyServo, pca9685 } from '../../src/drivers/pca9685/index.ts'
import { defineRobot, deg, degPerSec, type JointReading, type MoveResult } from '../../src/index.ts'
import { type GpioInputOptions, gpioInput, gpioOutput } from '../../src/transports/gpio.ts'
import { i2c } from '../../src/transports/i2c.ts'

const servo = { speed: degPerSec(300), assumed: deg(0) } as const
const pan = { position: [deg(-80), deg(80)], velocity: degPerSec(90), stop: 'cut' } as const
const pwm = pca9685({ port: i2c({ bus: 1 }), outputEnable: gpioOutput({ chip: 'gpiochip0', line: 4 }) })

describe('a hobby servo', () => {
  it('names a bus of the definition', () => {
    const right = { pan: { ...pan, servo: hobbyServo('pwm', 0, servo) } }
    const wrong = { pan: { ...pan, servo: hobbyServo('pwn', 0, servo) } }
    const made = [
      defineRobot('head', { buses: { pwm }, joints: right }),
      // @ts-expect-error there is no bus of this name
      defineRobot('head', { buses: { pwm }, joints: wrong }),
    ]
    expect(made).toHaveLength(2)
  })

  it('says where it is assumed to be and how fast it is, because nothing measures it', () => {
    const right: HobbyServoOptions = servo
    // @ts-expect-error where it stands cannot be left out
    const noPlace: HobbyServoOptions = { speed: degPerSec(300) }
    // @ts-expect-error how fast it turns cannot be left out
    const noSpeed: HobbyServoOptions = { assumed: 0 }
    // @ts-expect-error a range has two ends
    const pulse: HobbyServoOptions = { ...servo, pulse: [500] }
    expect([right, noPlace, noSpeed, pulse]).toHaveLength(4)
  })
})

describe('what was estimated', () => {
  it('shows in the types of readings and results', () => {
    const told = (value: MoveResult, reading: JointReading): (true | undefined)[] => [
      value.estimated,
      // @ts-expect-error a joint that was never read has nothing
      reading.estimated,
      reading.status === 'unknown' ? undefined : reading.estimated,
    ]
    expect(told({ position: {}, duration: 0, estimated: true }, { status: 'unknown' })).toEqual([
      true,
      undefined,
      undefined,
    ])
  })
})

describe('a stop input', () => {
  it('is an input and no output, with options that exist', () => {
    const button: DigitalInput = gpioInput({ chip: 'gpiochip0', line: 17, pull: 'up' })
    const right = defineRobot('head', { stopInputs: { button } })
    // @ts-expect-error an output tells nothing
    const wrong = defineRobot('head', { stopInputs: { button: gpioOutput({ chip: 'gpiochip0', line: 17 }) } })
    // @ts-expect-error there is no such option
    const option: GpioInputOptions = { chip: 'gpiochip0', line: 17, active: 'low' }
    // @ts-expect-error there is no such resistor
    const pull: GpioInputOptions = { chip: 'gpiochip0', line: 17, pull: 'sideways' }
    expect([right.name, wrong.name, option.line, pull.line]).toEqual(['head', 'head', 17, 17])
  })
})
