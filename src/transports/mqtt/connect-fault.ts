import type { Problem } from '../../base/problem.ts'
import { mqttProblem } from './problems.ts'
import type { MqttSettings } from './settings.ts'

/** Reason codes of a refused connection, of MQTT 3.1.1 and of MQTT 5. */
const VERSION_CODES = [1, 132]
const AUTHORIZATION_CODES = [4, 5, 134, 135]
/** The broker has found another client of the same name. */
export const TAKEN_OVER = 142

const DATE_CODES = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']
const HOST_CODES = ['ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH']
const TRUST_CODES = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
]
const DNS_CODES = ['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NONAME']
/** Codes of the TLS library and of the checks of certificates, none of which the system itself uses. */
const TLS_CODE =
  /^(EPROTO|ERR_SSL|ERR_TLS|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_OSSL|HOSTNAME_MISMATCH|INVALID_CA)/

/** Which problem an error of the connection phase is. */
export function connectProblem(thrown: unknown, settings: MqttSettings): Problem {
  const { url, host } = settings
  const { code, reason } = signsOf(thrown)
  if (typeof code === 'number') return rejected(code, reason, settings, thrown)
  if (code === 'ECONNREFUSED') return mqttProblem('TENDON_MQTT_REFUSED', { url }, thrown)
  if (DNS_CODES.includes(code)) return mqttProblem('TENDON_MQTT_HOST_UNKNOWN', { url, host }, thrown)
  if (DATE_CODES.includes(code)) return mqttProblem('TENDON_MQTT_CERTIFICATE_EXPIRED', { url, reason }, thrown)
  if (HOST_CODES.includes(code)) return otherHost(settings, thrown)
  if (TRUST_CODES.includes(code)) return mqttProblem('TENDON_MQTT_CERTIFICATE_UNTRUSTED', { url, reason }, thrown)
  // A side that hangs up in the middle of the handshake does not speak TLS.
  if (TLS_CODE.test(code) || (settings.tls && code === 'ECONNRESET'))
    return mqttProblem('TENDON_MQTT_TLS', { url, reason }, thrown)
  // The system puts a code on all of its errors; the decoder of packets puts none.
  const kind = code === '' ? 'TENDON_MQTT_MALFORMED' : 'TENDON_MQTT_UNREACHABLE'
  return mqttProblem(kind, { url, reason }, thrown)
}

function otherHost({ url, host, tls }: MqttSettings, thrown: unknown): Problem {
  const { cert } = thrown as { cert?: { subjectaltname?: string; subject?: { CN?: string } } }
  const names = cert?.subjectaltname ?? cert?.subject?.CN ?? 'nobody'
  return mqttProblem('TENDON_MQTT_CERTIFICATE_HOST', { url, name: tls?.servername ?? host, names }, thrown)
}

function rejected(code: number, reason: string, settings: MqttSettings, cause: unknown): Problem {
  const { url, version, username } = settings
  if (VERSION_CODES.includes(code)) return mqttProblem('TENDON_MQTT_VERSION', { url, version }, cause)
  if (AUTHORIZATION_CODES.includes(code)) return mqttProblem('TENDON_MQTT_NOT_AUTHORIZED', { url, username }, cause)
  return mqttProblem('TENDON_MQTT_REJECTED', { url, code, reason }, cause)
}

/** The code of an error and what it says; an error of several addresses (`localhost`) is told by its first. */
export function signsOf(thrown: unknown): { code: string | number; reason: string } {
  const first = thrown instanceof AggregateError ? (thrown.errors[0] ?? thrown) : thrown
  if (!(first instanceof Error)) return { code: '', reason: String(first) }
  const { code } = first as { code?: unknown }
  const known = typeof code === 'string' || typeof code === 'number' ? code : ''
  return { code: known, reason: first.message.replace(/^Connection refused: /, '') || first.name }
}
