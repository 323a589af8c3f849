/** `tendon/mqtt`: links to MQTT brokers, and sensors that listen through them. */
export type { LinkPort, LinkSpec, LinkStatus, Message, MessageLink } from '../../device/link.ts'
export { mqtt } from './mqtt-link.ts'
export {
  type CheckedMqttOptions,
  type FromTopic,
  type MqttSensorOptions,
  mqttSensor,
  type ParsedMqttOptions,
  type Retained,
} from './mqtt-sensor.ts'
export { mqttProblems } from './problems.ts'
export type { MqttOptions, TlsOptions } from './settings.ts'
