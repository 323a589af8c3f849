/**
 * What is the matter with a serial port. `missing` no such device; `denied` no permission; `busy` another program
 * holds it; `not_a_port` the path is not a serial port; `lost` it was there and is gone; `unknown` none of these.
 */
export type PortFault = 'missing' | 'denied' | 'busy' | 'not_a_port' | 'lost' | 'unknown'

/**
 * serialport 13 puts no code on its errors, only text, and the text is the system's with the words of the addon around
 * it. The first row that matches decides, so the particular ones come before the general ones.
 */
const SIGNS: readonly (readonly [PortFault, RegExp])[] = [
  ['busy', /cannot lock port|resource temporarily unavailable|resource busy|device or resource busy|EBUSY|EAGAIN/i],
  // Windows reports a port that another program holds as "Access denied", which is not a matter of permission there.
  ['busy', /opening COM\d+: access denied/i],
  ['denied', /permission denied|access denied|EACCES|EPERM|operation not permitted/i],
  ['missing', /no such file|file not found|ENOENT/i],
  ['not_a_port', /inappropriate ioctl|not a (typewriter|tty)|ENOTTY|is a directory|EISDIR|invalid argument.*open/i],
  ['lost', /input\/output error|i\/o error|EIO|ENXIO|ENODEV|no such device|bad file descriptor|EBADF|disconnected/i],
]

/** What the system's own codes mean, where an error has one: it is never in another language, as a text may be. */
const CODES: Readonly<Record<string, PortFault>> = {
  EBUSY: 'busy',
  EAGAIN: 'busy',
  EWOULDBLOCK: 'busy',
  EACCES: 'denied',
  EPERM: 'denied',
  ENOENT: 'missing',
  ENOTTY: 'not_a_port',
  EISDIR: 'not_a_port',
  EIO: 'lost',
  ENXIO: 'lost',
  ENODEV: 'lost',
  EBADF: 'lost',
}

/** Which fault an error of the serial library is about, told from its code, where it has one, or else from its text. */
export function portFault(thrown: unknown): PortFault {
  const byCode = CODES[codeOf(thrown)]
  if (byCode) return byCode
  const text = textOf(thrown)
  return SIGNS.find(([, sign]) => sign.test(text))?.[0] ?? 'unknown'
}

const REASONS: Readonly<Record<PortFault, string>> = {
  missing: 'there is no such port',
  denied: 'this user may not open it',
  busy: 'another program holds it',
  not_a_port: 'it is not a serial port',
  lost: 'the adapter is gone',
  unknown: 'the serial library refused',
}

/** The fault as the rest of a sentence; what the library said itself follows where the fault is unknown. */
export function faultReason(fault: PortFault, thrown: unknown): string {
  return fault === 'unknown' ? `${REASONS.unknown} (${textOf(thrown).trim()})` : REASONS[fault]
}

function textOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const code = codeOf(thrown)
  return code === '' ? thrown.message : `${thrown.message} ${code}`
}

function codeOf(thrown: unknown): string {
  const { code } = (thrown ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : ''
}
