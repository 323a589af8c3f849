/** `tendon/framing`: bytes into frames, frames into readings. */
import { heading, sentences } from './nmea-sensors.ts'

export { framedSensor, type Mapped, type SensorOptions } from './framed-sensor.ts'
export type { Decoder, FrameSink, Framing } from './framing.ts'
export { type CheckedOptions, lines, type ParsedOptions, type TextOptions } from './line-sensor.ts'
export { type LineOptions, lineFraming } from './lines.ts'
export { type NmeaOptions, type NmeaSentence, nmeaChecksum, nmeaFraming } from './nmea.ts'
export type { Heading, HeadingOptions, HeadingReference, SentencesOptions } from './nmea-sensors.ts'
/** Sensors that speak NMEA 0183: compasses, GPS receivers, autopilots. */
export const nmea = { sentences, heading } as const
