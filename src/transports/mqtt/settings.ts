import { randomBytes } from 'node:crypto'
import { TendonError } from '../../base/problem.ts'
import type { Seconds } from '../../base/units.ts'
import { mqttProblem } from './problems.ts'

/** How a secure connection is made: certificates as PEM texts or their bytes. */
export interface TlsOptions {
  /** The authority to trust, in the place of all those that this machine trusts. */
  readonly ca?: string | Uint8Array | undefined
  /** This client's own certificate and its key. */
  readonly cert?: string | Uint8Array | undefined
  readonly key?: string | Uint8Array | undefined
  /** The name that the broker's certificate must bear. Default: the host of the url. */
  readonly servername?: string | undefined
  /** `false` accepts any broker, a false one too. Default true. */
  readonly rejectUnauthorized?: boolean | undefined
}

/** Where a broker is and how to speak with it. */
export interface MqttOptions extends TlsOptions {
  /** `mqtt://host[:1883]`, or `mqtts://host[:8883]` with TLS. A user and a password may stand in it. */
  readonly url: string
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** The name of this client; no two clients of a broker may share it. Default: a new one for each start. */
  readonly clientId?: string | undefined
  /** The version of the protocol: 5, or 4, which is MQTT 3.1.1. Default 5. */
  readonly version?: 4 | 5 | undefined
  /** A whole number of seconds. A dead connection is noticed within 1.5 times this. Default 5. */
  readonly keepalive?: Seconds | undefined
  /** How long one try to connect may take. Default 5. */
  readonly connectTimeout?: Seconds | undefined
  /** The longest wait between two tries to connect. The first is a tenth of a second, and it doubles. Default 5. */
  readonly reconnectLimit?: Seconds | undefined
  /** Bytes of the largest message that the broker may send (MQTT 5 only). Default 1 MiB. */
  readonly largestMessage?: number | undefined
  /** The robot starts without this link. Default false: a robot whose broker is down does not start. */
  readonly optional?: boolean | undefined
}

/** The options of a link, checked and complete. */
export interface MqttSettings {
  /** With the port, and without user and password. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly tls: TlsOptions | undefined
  readonly username: string | undefined
  readonly password: string | undefined
  readonly clientId: string
  readonly version: 4 | 5
  readonly keepalive: Seconds
  readonly connectTimeout: Seconds
  readonly reconnectLimit: Seconds
  readonly largestMessage: number
}

const PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 }
/** What the protocol can say. */
const LONGEST_KEEPALIVE = 65_535
const LARGEST_PACKET = 268_435_455

/** Checks the options of a link. Throws `TENDON_MQTT_OPTION`. */
export function settingsOf(options: MqttOptions): MqttSettings {
  const url = urlOf(options.url)
  const port = url.port === '' ? (PORTS[url.protocol] as number) : Number(url.port)
  const { version = 5, keepalive = 5, connectTimeout = 5, reconnectLimit = 5, largestMessage = 1_048_576 } = options
  demand('version', version, version === 4 || version === 5, '5, or 4 for MQTT 3.1.1')
  const whole = Number.isInteger(keepalive) && keepalive >= 1 && keepalive <= LONGEST_KEEPALIVE
  demand('keepalive', keepalive, whole, `a whole number of seconds from 1 to ${LONGEST_KEEPALIVE}`)
  for (const [option, value] of Object.entries({ connectTimeout, reconnectLimit }))
    demand(option, value, Number.isFinite(value) && value > 0, 'a finite number of seconds above 0')
  const fits = Number.isInteger(largestMessage) && largestMessage >= 128 && largestMessage <= LARGEST_PACKET
  demand('largestMessage', largestMessage, fits, `a whole number of bytes from 128 to ${LARGEST_PACKET}`)
  return {
    url: `${url.protocol}//${url.hostname}:${port}`,
    // A literal IPv6 address is in brackets in a url, and without them everywhere else.
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    tls: url.protocol === 'mqtts:' ? tlsOf(options) : undefined,
    username: options.username ?? (url.username === '' ? undefined : decodeURIComponent(url.username)),
    password: options.password ?? (url.password === '' ? undefined : decodeURIComponent(url.password)),
    clientId: options.clientId ?? `tendon-${randomBytes(6).toString('hex')}`,
    version,
    keepalive,
    connectTimeout,
    reconnectLimit,
    largestMessage,
  }
}

function urlOf(given: string): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url && Object.hasOwn(PORTS, url.protocol) && url.hostname !== '') return url
  // Not the text itself where it could bear a password.
  const shown = given.includes('@') ? '(not shown: it has an @)' : given
  throw new TendonError(
    mqttProblem('TENDON_MQTT_OPTION', { option: 'url', value: shown, want: 'mqtt://host:port or mqtts://host:port' }),
  )
}

function tlsOf({ ca, cert, key, servername, rejectUnauthorized }: TlsOptions): TlsOptions {
  return { ca, cert, key, servername, rejectUnauthorized }
}

function demand(option: string, value: unknown, holds: boolean, want: string): void {
  if (!holds) throw new TendonError(mqttProblem('TENDON_MQTT_OPTION', { option, value, want }))
}
