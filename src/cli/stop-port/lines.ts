import type { CardBus } from '../control/card.ts'
import { familiesNamed } from '../setup/families.ts'
import { i2cBusOf } from '../setup/port-name.ts'
import { UsageError } from '../usage-error.ts'

/** Servos that are told to let go together: all on a serial line, or all on one chip of an I2C bus. */
export interface Line {
  readonly port: string
  /** Families that are told, one after the other. */
  readonly families: readonly string[]
  /** Families that the card names and that nobody here can speak. */
  readonly unspoken: readonly string[]
  readonly baudRate: number
  /** The address of the chip, on an I2C bus. */
  readonly chip?: number
  /** The servos that must answer. */
  readonly ids: readonly number[]
  /** Whether somebody has said that these are all there are. */
  readonly sure: boolean
}

/** What the flags say. */
export interface Said {
  readonly port: string
  readonly family: string | undefined
  readonly baudRate: number | undefined
  readonly ids: readonly number[] | undefined
  readonly chip: number | undefined
}

const USUAL_BAUD = 1_000_000
const USUAL_CHIP = 0x40
/** Ids that are asked where nobody said which servos there are. */
const USUAL_IDS = Array.from({ length: 16 }, (_, i) => i + 1)
const CHANNELS = Array.from({ length: 16 }, (_, i) => i)
const PCA9685 = 'pca9685'

/**
 * What is to be told, from the flags and from what cards say of this port; where neither says who is on a line, every
 * family is told. Throws a `UsageError`. Pure.
 */
export function linesBehind(said: Said, known: readonly CardBus[]): Line[] {
  return i2cBusOf(said.port) === undefined ? [serialLine(said, known)] : chipsOn(said, known)
}

function serialLine({ port, family, baudRate, ids, chip }: Said, known: readonly CardBus[]): Line {
  if (chip !== undefined)
    throw new UsageError('--chip belongs to an I2C bus.', 'tendon stop --port /dev/i2c-1 --chip 0x40')
  const spoken = familiesNamed('all')
  const onCards = known.map((bus) => bus.family)
  const told = [
    ...onCards.filter((name) => spoken.includes(name)),
    ...(family === undefined ? [] : familiesNamed(family)),
  ]
  const listed = idsOf(known)
  return {
    port,
    families: told.length > 0 ? [...new Set(told)] : spoken,
    unspoken: onCards.filter((name) => !spoken.includes(name)),
    baudRate: baudRate ?? known.find((bus) => bus.baudRate !== undefined)?.baudRate ?? USUAL_BAUD,
    ids: ids ?? (listed.length > 0 ? listed : USUAL_IDS),
    sure: ids !== undefined || listed.length > 0,
  }
}

function chipsOn({ port, family, baudRate, ids, chip }: Said, known: readonly CardBus[]): Line[] {
  if (baudRate !== undefined) throw new UsageError('An I2C bus has no baud rate.', `tendon stop --port ${port}`)
  if (family !== undefined && family !== PCA9685 && family !== 'all')
    throw new UsageError(`${family} is no family of an I2C bus.`, `tendon stop --port ${port} --family ${PCA9685}`)
  const onCards = known.filter((bus) => bus.family === PCA9685)
  const chips = chip === undefined ? onCards.map((bus) => bus.chip ?? USUAL_CHIP) : [chip]
  const unspoken = known.filter((bus) => bus.family !== PCA9685).map((bus) => bus.family)
  return [...new Set(chips.length > 0 ? chips : [USUAL_CHIP])].map((address) => ({
    port,
    families: [PCA9685],
    unspoken,
    baudRate: 0,
    chip: address,
    // Its frame ends the pulses of all of them, and each can be read.
    ids: ids ?? CHANNELS,
    sure: chips.length > 0,
  }))
}

const idsOf = (buses: readonly CardBus[]): number[] => [
  ...new Set(buses.flatMap(({ servos }) => servos.map(({ id }) => id))),
]
