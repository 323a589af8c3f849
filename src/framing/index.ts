/** `tendon/framing`: bytes into frames, frames into readings. */
import { heading, sentences } from './nmea-sensors.ts'

export { type Checksum, checksum, crc8, crc16Ccitt, crc16Modbus, crc16X25 } from './checksum.ts'
export { cobs } from './cobs.ts'
export type { PacketOptions } from './delimited.ts'
export { type FixedLengthOptions, fixedLength } from './fixed-length.ts'
export { framedSensor, type Mapped, type SensorOptions } from './framed-sensor.ts'
export type { Decoder, FrameSink, Framing, FramingEnv, TwoWayFraming } from './framing.ts'
export { type JsonLineOptions, jsonLines } from './json-lines.ts'
export { type CheckedOptions, lines, type ParsedOptions, type TextOptions } from './line-sensor.ts'
export { type LineOptions, lineFraming } from './lines.ts'
export {
  type ModbusFrame,
  type ModbusOptions,
  modbus,
  modbusGap,
  modbusReplyLength,
  modbusRequestLength,
} from './modbus.ts'
export { type NmeaOptions, type NmeaSentence, nmeaChecksum, nmeaFraming } from './nmea.ts'
export type { Heading, HeadingOptions, HeadingReference, SentencesOptions } from './nmea-sensors.ts'
export { slip } from './slip.ts'
/** Sensors that speak NMEA 0183: compasses, GPS receivers, autopilots. */
export const nmea = { sentences, heading } as const
