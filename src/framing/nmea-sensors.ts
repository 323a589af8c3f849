import { deg, type Radians } from '../base/units.ts'
import type { SensorSpec } from '../device/sensor.ts'
import type { ByteTransport } from '../device/transport.ts'
import { framedSensor, type Mapped, type SensorOptions } from './framed-sensor.ts'
import { type NmeaOptions, type NmeaSentence, nmeaFraming } from './nmea.ts'

/** What a heading is measured from: magnetic or true north. */
export type HeadingReference = 'magnetic' | 'true'

/** Where the bow points. */
export interface Heading {
  /** 0 to 2 pi, clockwise from north. */
  readonly heading: Radians
  readonly reference: HeadingReference
  /** Who measured it: `HC` a magnetic compass, `AP` an autopilot, ... */
  readonly talker: string
}

export interface SentencesOptions extends NmeaOptions, SensorOptions {
  /** Only sentences of these types (`['HDM', 'XDR']`), of any talker; the others are ignored. Default: all. */
  readonly types?: readonly string[] | undefined
}

export interface HeadingOptions extends NmeaOptions, SensorOptions {
  /** Only headings of this reference; the others are ignored. Default: both, as they come. */
  readonly reference?: HeadingReference | undefined
}

/** Every good NMEA 0183 sentence of a port. */
export function sentences(port: ByteTransport, options: SentencesOptions = {}): SensorSpec<NmeaSentence> {
  const types = options.types && new Set(options.types)
  const map = (sentence: NmeaSentence): Mapped<NmeaSentence> =>
    types && !types.has(sentence.type) ? 'ignored' : { value: sentence }
  return framedSensor(port, nmeaFraming(options), map, options)
}

/**
 * Headings from HDM (magnetic), HDT (true) and HDG (compass, with deviation and variation) of any talker. HDG gives the
 * true heading where it has a variation and none but `magnetic` was asked for, the magnetic one otherwise. Other
 * sentences, and those whose heading is empty because the device has none, are ignored; a heading or a correction that
 * is no number in its range, or an unknown letter, counts as bad: `value`.
 */
export function heading(port: ByteTransport, options: HeadingOptions = {}): SensorSpec<Heading> {
  const map = (sentence: NmeaSentence): Mapped<Heading> => headingOf(sentence, options.reference)
  return framedSensor(port, nmeaFraming(options), map, options)
}

const BAD = { bad: 'value' } as const
const NUMBER = /^-?\d+(?:\.\d*)?$/

function headingOf(sentence: NmeaSentence, wanted: HeadingReference | undefined): Mapped<Heading> {
  const { talker, type, fields } = sentence
  if (talker === 'P' || !['HDM', 'HDT', 'HDG'].includes(type) || (fields[0] ?? '') === '') return 'ignored'
  const measured = degreesOf(fields[0])
  if (measured === undefined || measured < 0 || measured > 360) return BAD
  const found = type === 'HDG' ? corrected(measured, fields, wanted) : stated(measured, type, fields[1])
  if (!found) return BAD
  if (wanted && found.reference !== wanted) return 'ignored'
  return { value: { heading: fullTurn(found.degrees), reference: found.reference, talker } }
}

interface Found {
  readonly degrees: number
  readonly reference: HeadingReference
}

/** HDM,x.x,M and HDT,x.x,T: the letter must agree with the type. */
function stated(degrees: number, type: string, letter: string | undefined): Found | undefined {
  const magnetic = type === 'HDM'
  if (letter !== (magnetic ? 'M' : 'T')) return undefined
  return { degrees, reference: magnetic ? 'magnetic' : 'true' }
}

/** HDG,compass,deviation,E|W,variation,E|W: east adds; compass + deviation is magnetic, + variation is true. */
function corrected(
  compass: number,
  fields: readonly string[],
  wanted: HeadingReference | undefined,
): Found | undefined {
  const deviation = correction(fields[1], fields[2])
  const variation = correction(fields[3], fields[4])
  if (deviation === 'wrong' || variation === 'wrong') return undefined
  const magnetic: Found = { degrees: compass + (deviation ?? 0), reference: 'magnetic' }
  if (variation === undefined || wanted === 'magnetic') return magnetic
  return { degrees: magnetic.degrees + variation, reference: 'true' }
}

/** Degrees, east positive; undefined where the device gives none. */
function correction(size: string | undefined, side: string | undefined): number | undefined | 'wrong' {
  if ((size ?? '') === '') return undefined
  const degrees = degreesOf(size)
  if (degrees === undefined || Math.abs(degrees) > 180 || (side !== 'E' && side !== 'W')) return 'wrong'
  return side === 'E' ? degrees : -degrees
}

function degreesOf(field: string | undefined): number | undefined {
  return field !== undefined && NUMBER.test(field) ? Number(field) : undefined
}

function fullTurn(degrees: number): Radians {
  return deg(((degrees % 360) + 360) % 360)
}
