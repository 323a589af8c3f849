import { entry, problemsOf } from '../../base/problem.ts'

/** No problem of a link to a broker touches motor power. */
const UNCHANGED = { severity: 'error', power: 'unchanged' } as const

/** How to look at a broker: at its service where it is on this machine, at its port otherwise. */
function lookAt(url: string): string {
  const { hostname, port } = new URL(url)
  const here = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  return here ? 'systemctl status mosquitto' : `nc -vz ${hostname} ${port}`
}

const url = 'mqtt://broker.local:1883'

/** Why a connection could not be had. */
const connectProblems = {
  TENDON_MQTT_REFUSED: entry<{ url: string }>({
    ...UNCHANGED,
    what: (f) => `Nothing listens at ${f.url}.`,
    why: () => 'The machine answers, but no broker runs on this port, or it listens on another address only.',
    fix: (f) => lookAt(f.url),
    sample: { url },
  }),
  TENDON_MQTT_HOST_UNKNOWN: entry<{ url: string; host: string }>({
    ...UNCHANGED,
    what: (f) => `The broker's host ${f.host} is not known.`,
    why: () => 'The name is misspelt, or the name server that knows it cannot be reached.',
    fix: (f) => `getent hosts ${f.host}`,
    sample: { url, host: 'broker.local' },
  }),
  TENDON_MQTT_UNREACHABLE: entry<{ url: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `The broker at ${f.url} cannot be reached: ${f.reason}.`,
    why: () => 'The network is down, or a firewall lies between this machine and the broker.',
    fix: (f) => lookAt(f.url),
    sample: { url, reason: 'connect EHOSTUNREACH' },
  }),
  TENDON_MQTT_TIMEOUT: entry<{ url: string; limit: number }>({
    ...UNCHANGED,
    what: (f) => `The broker at ${f.url} did not answer within ${f.limit} s.`,
    why: () => 'It is overloaded or frozen, something else listens on this port, or a firewall swallows the packets.',
    fix: (f) => lookAt(f.url),
    sample: { url, limit: 5 },
  }),
  TENDON_MQTT_TLS: entry<{ url: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `No secure connection to ${f.url}: ${f.reason}.`,
    why: () => 'The certificates of the two sides do not fit, or one of them does not speak TLS on this port.',
    fix: (f) => `openssl s_client -connect ${new URL(f.url).host} -showcerts`,
    sample: { url: 'mqtts://broker.local:8883', reason: 'self-signed certificate' },
  }),
  TENDON_MQTT_CERTIFICATE_EXPIRED: entry<{ url: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `The certificate of the broker at ${f.url} is not valid at this time: ${f.reason}.`,
    why: () =>
      'Its time is over or has not begun, or the clock of this machine is wrong, as after a start without network.',
    fix: (f) =>
      `Look at its dates: true | openssl s_client -connect ${new URL(f.url).host} | openssl x509 -noout -dates`,
    sample: { url: 'mqtts://broker.local:8883', reason: 'certificate has expired' },
    more:
      'A Raspberry Pi has no clock that runs without power: until it has heard the time from the network, certificates that ' +
      'were made later are not valid yet. `timedatectl` says whether it has.',
  }),
  TENDON_MQTT_CERTIFICATE_HOST: entry<{ url: string; name: string; names: string }>({
    ...UNCHANGED,
    what: (f) => `The certificate of the broker at ${f.url} is not for ${f.name}, but for ${f.names}.`,
    why: () => 'A certificate is for the names that it bears; another name may be another broker.',
    fix: (f) => `mqtt({ url: '${f.url}', servername: 'A NAME THAT IT BEARS' })`,
    sample: { url: 'mqtts://192.168.1.5:8883', name: '192.168.1.5', names: 'DNS:broker.local' },
  }),
  TENDON_MQTT_CERTIFICATE_UNTRUSTED: entry<{ url: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `Nobody that this machine trusts vouches for the certificate of the broker at ${f.url}: ${f.reason}.`,
    why: () => 'It was signed by an authority of your own, or by itself, and the link was not given that certificate.',
    fix: (f) => `mqtt({ url: '${f.url}', ca: readFileSync('ca.pem') })`,
    sample: { url: 'mqtts://broker.local:8883', reason: 'self-signed certificate in certificate chain' },
  }),
  TENDON_MQTT_NOT_AUTHORIZED: entry<{ url: string; username: string | undefined }>({
    ...UNCHANGED,
    what: (f) => `The broker at ${f.url} refused ${f.username === undefined ? 'a client without a user' : f.username}.`,
    why: () => 'The user name or the password is wrong or missing; brokers do not say which.',
    fix: (f) =>
      `mosquitto_sub -h ${new URL(f.url).hostname} -p ${new URL(f.url).port} -u ${f.username ?? 'NAME'} -P PASSWORD -t '#' -C 1`,
    sample: { url, username: 'robot' },
  }),
  TENDON_MQTT_VERSION: entry<{ url: string; version: 4 | 5 }>({
    ...UNCHANGED,
    what: (f) => `The broker at ${f.url} does not speak MQTT ${f.version === 5 ? '5' : '3.1.1'}.`,
    why: () => 'It refused this version of the protocol; the embedded broker, for one, speaks 3.1.1 only.',
    fix: (f) => `mqtt({ url: '${f.url}', version: ${f.version === 5 ? 4 : 5} })`,
    sample: { url, version: 5 },
  }),
  TENDON_MQTT_MALFORMED: entry<{ url: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `What answers at ${f.url} does not speak MQTT: ${f.reason}.`,
    why: () => 'Its bytes are no packets of this protocol; another service has this port, or it expects TLS.',
    fix: (f) => lookAt(f.url),
    sample: { url, reason: 'Invalid header flag bits' },
  }),
  TENDON_MQTT_REJECTED: entry<{ url: string; code: number; reason: string }>({
    ...UNCHANGED,
    what: (f) => `The broker at ${f.url} rejected the connection: ${f.reason} (code ${f.code}).`,
    why: () => 'This is the broker’s own answer to the connection; its log says more.',
    fix: () => 'journalctl -u mosquitto -n 50',
    sample: { url, code: 137, reason: 'Server busy' },
  }),
} as const

/** What happens to a connection that there is. */
const connectionProblems = {
  TENDON_MQTT_LOST: entry<{ url: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `The link to the broker at ${f.url} was lost: ${f.reason}.`,
    why: () => 'The broker or the network went away; nothing is kept for later, and the link comes back by itself.',
    fix: (f) => lookAt(f.url),
    sample: { url, reason: 'no answer for 1.5 times the keepalive' },
  }),
  TENDON_MQTT_TAKEN_OVER: entry<{ url: string; clientId: string }>({
    ...UNCHANGED,
    what: (f) => `Another client has connected to ${f.url} as ${f.clientId}, so the broker closed this one.`,
    why: () => 'A broker serves one client of a name, and two that share it throw each other out for ever.',
    fix: () => 'Give each robot a clientId of its own, or leave it out: mqtt({ url })',
    sample: { url, clientId: 'arm-1' },
  }),
  TENDON_MQTT_SUBSCRIBE_REFUSED: entry<{ url: string; filter: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `The broker at ${f.url} refused the subscription to ${f.filter}: ${f.reason}.`,
    why: () => 'The rights of this user do not cover the topic, or the broker does not allow such a filter.',
    fix: (f) => `Allow it in the broker's access list: topic read ${f.filter}`,
    sample: { url, filter: 'room/temperature', reason: 'Not authorized' },
  }),
  TENDON_MQTT_PUBLISH_REFUSED: entry<{ url: string; topic: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `A message to ${f.topic} was not taken by the broker at ${f.url}: ${f.reason}.`,
    why: () => 'The broker does not allow it, the topic is none, or too many messages wait for their confirmation.',
    fix: () => 'Publish to a topic without wildcards that this user may write, and await each publish.',
    sample: { url, topic: 'room/lamp', reason: 'Not authorized' },
  }),
} as const

/** What can be wrong with a definition. */
const definitionProblems = {
  TENDON_MQTT_OPTION: entry<{ option: string; value: unknown; want: string }>({
    ...UNCHANGED,
    what: (f) => `The option ${f.option} of an MQTT link or sensor is ${String(f.value)}.`,
    why: (f) => `${f.option} must be ${f.want}.`,
    fix: (f) => `Give ${f.option} as ${f.want}.`,
    sample: { option: 'keepalive', value: 0, want: 'a whole number of seconds from 1 to 65535' },
  }),
  TENDON_MQTT_FILTER: entry<{ filter: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `'${f.filter}' is not a topic filter: ${f.reason}.`,
    why: () =>
      'A filter has levels between slashes; + stands for one whole level, # for all the rest, at the end only.',
    fix: () => "mqttSensor('lab', 'room/+/temperature', schema)",
    sample: { filter: 'room/#/temperature', reason: '# is not at the end' },
  }),
  TENDON_MQTT_SCHEMA_ASYNC: entry<{ filter: string }>({
    ...UNCHANGED,
    what: (f) => `The schema for the messages of ${f.filter} validates asynchronously.`,
    why: () =>
      'A message is judged in the very step in which it arrives, so that readings keep their order and their time.',
    fix: () => 'Use a schema without asynchronous checks.',
    sample: { filter: 'room/temperature' },
  }),
  TENDON_MQTT_NO_PORT: entry<{ filter: string }>({
    ...UNCHANGED,
    what: (f) => `The sensor of ${f.filter} has no port that could be exchanged.`,
    why: () => 'It listens through a link, which it shares with others.',
    fix: () => 'Exchange the link: simulated(robot, { links: { lab: broker.link() } })',
    sample: { filter: 'room/temperature' },
  }),
  TENDON_LINK_UNKNOWN: entry<{ link: string; known: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => `There is no link ${f.link}; known are ${f.known.join(', ') || 'none'}.`,
    why: () => 'A sensor listens through a link that the robot’s definition declares.',
    fix: (f) => `defineRobot(name, { links: { ${f.link}: mqtt({ url: 'mqtt://localhost' }) }, ... })`,
    sample: { link: 'lap', known: ['lab'] },
  }),
  TENDON_BROKER_LISTEN_FAILED: entry<{ address: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `The embedded broker cannot listen at ${f.address}: ${f.reason}.`,
    why: () => 'Another program has the port, or the address is none of this machine.',
    fix: () => 'Leave the port out, and take the address from broker.url: await embeddedBroker()',
    sample: { address: '127.0.0.1:1883', reason: 'EADDRINUSE' },
  }),
} as const

/** Everything that can be wrong with a link to an MQTT broker, and with what listens through it. */
export const mqttProblems = { ...connectProblems, ...connectionProblems, ...definitionProblems } as const

/** Makes a problem of an MQTT link. */
export const mqttProblem = problemsOf(mqttProblems)
