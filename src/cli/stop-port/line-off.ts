import { systemClock } from 'tendon'
import type { ServoBusSpec } from 'tendon/device'
import { type SwitchedOff, switchOff } from 'tendon/drivers'
import type { Output } from '../output.ts'
import { busOfFamily } from '../setup/families.ts'
import { i2cBusOf, pastTheLock } from '../setup/port-name.ts'
import type { Line } from './lines.ts'

/** How long an answer may be under way, in seconds: the machine may be busy with the very program that hangs. */
const PATIENCE = 0.1

/** What became of one line. */
export interface LineOff extends SwitchedOff {
  readonly line: Line
  /** Everybody who must answer has said that they have no power. */
  readonly confirmed: boolean
}

/** Tells one line to let go, and shows who confirmed it. Rejects with a `TendonError` when nothing could be told. */
export async function lineOff(output: Output, line: Line, specsOf = specsOfLine): Promise<LineOff> {
  const { port, ids, sure } = line
  const found = await switchOff(await specsOf(line), { clock: systemClock, ids, tries: sure ? 5 : 1 })
  const silent = sure ? found.silent : []
  const confirmed = sure && line.unspoken.length === 0 && found.off.length === ids.length
  const place = line.chip === undefined ? { baudRate: line.baudRate } : { chip: line.chip }
  const answer = { ...found, silent, line, confirmed }
  output.show(
    { type: 'switched_off', port, ...place, told: line.families, confirmed, ...found, silent },
    textOf(output, answer),
  )
  return answer
}

/** The buses that may be behind the port, past whoever still has it. */
async function specsOfLine({ port, families, baudRate, chip }: Line): Promise<ServoBusSpec[]> {
  const bus = i2cBusOf(port)
  if (bus !== undefined) {
    const [{ i2c }, { pca9685 }] = await Promise.all([import('tendon/i2c'), import('tendon/pca9685')])
    return [pca9685({ port: i2c({ bus }), address: chip })]
  }
  const manner = { slack: PATIENCE, tries: 1 }
  return Promise.all(families.map((family) => busOfFamily(family, pastTheLock(port, baudRate), manner)))
}

function textOf({ colors }: Output, { line, off, powered, silent, families, confirmed }: LineOff): string {
  const row = (what: string, ids: readonly number[]): string => `  ${what}: ${ids.join(', ')}`
  return [
    toldText(line),
    ...(line.families.length > 1 && families.length > 0 ? [`  family: ${families.join(', ')}`] : []),
    ...(off.length > 0 ? [row(line.chip === undefined ? 'off' : 'no pulses', off)] : []),
    ...(powered.length > 0 ? [colors.red(row('STILL POWERED', powered))] : []),
    ...(silent.length > 0 ? [colors.red(row('no answer', silent))] : []),
    ...line.unspoken.map((family) =>
      colors.red(
        `  ${family}: its driver is not one of Tendon's, nothing was sent that it knows: tendon service off <robot file>`,
      ),
    ),
    confirmed ? confirmedText(line) : colors.red(notConfirmed(line, off, powered)),
  ].join('\n')
}

const toldText = ({ port, families, baudRate, chip }: Line): string =>
  chip === undefined
    ? `off frame of ${families.join(', then of ')} sent to every servo on ${port}, at ${baudRate} baud`
    : `no more pulses: sent to the chip ${hex(chip)} on ${port}, for all its channels`

const confirmedText = ({ chip }: Line): string =>
  chip === undefined
    ? 'every servo confirmed'
    : `every channel confirmed: the chip ${hex(chip)} says that it sends no pulses; hobby servos themselves say nothing`

function notConfirmed(line: Line, off: readonly number[], powered: readonly number[]): string {
  const { port, sure, chip, baudRate } = line
  if (sure || powered.length > 0) return 'NOT CONFIRMED, power may still be on: keep clear, cut the supply by hand'
  if (chip !== undefined)
    return `sent, NOT CONFIRMED: nothing here says which chips there are; name them: tendon stop --port ${port} --chip ${hex(chip)}`
  if (off.length === 0)
    return `sent, NOT CONFIRMED: nobody answered at ${baudRate} baud; keep clear, cut the supply by hand`
  return `sent, NOT CONFIRMED: nothing here says which servos there are; name them: tendon stop --port ${port} --ids ${off.join(',')}`
}

const hex = (address: number): string => `0x${address.toString(16)}`
