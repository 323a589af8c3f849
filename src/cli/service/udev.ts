import type { PortInfo } from 'tendon/serial'

/** A port of the robot with the adapter that is on it, and the name that it gets. */
export interface NamedPort {
  /** `so101-servos` becomes `/dev/tendon/so101-servos`. */
  readonly name: string
  readonly port: PortInfo
}

/** Adapters of servo buses: Feetech's board (two generations), U2D2 and other FTDI, CP210x, OpenCR and OpenCM. */
const KNOWN: readonly (readonly [vendor: string, product: string])[] = [
  ['1a86', '55d3'],
  ['1a86', '7523'],
  ['0403', '6014'],
  ['0403', '6001'],
  ['10c4', 'ea60'],
  ['0483', '5740'],
  ['fff1', 'ff48'],
]

const quoted = (text: string): string => `"${text.replaceAll(/[^\w .:+-]/g, '?')}"`

/**
 * Rules for udev: ModemManager leaves the adapters of servo buses alone, FTDI's latency timer is 1 ms, and each adapter
 * of the robot that has a serial number gets a name that lasts. What follows from a pattern says `?` for odd letters.
 */
export function udevRules(robot: string, named: readonly NamedPort[]): string {
  const others = named.flatMap(({ port: { vendorId, productId } }) =>
    vendorId && productId ? [[vendorId, productId] as const] : [],
  )
  const adapters = [...new Map([...KNOWN, ...others].map((pair) => [pair.join(':'), pair])).values()]
  return [
    `# Made by: tendon service install ${robot}. It is written anew by the next one.`,
    'ACTION=="remove", GOTO="tendon_end"',
    '',
    '# Servos would take what ModemManager sends for frames.',
    ...adapters.map(
      ([vendor, product]) =>
        `SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{idVendor}=="${vendor}", ATTR{idProduct}=="${product}", ENV{ID_MM_DEVICE_IGNORE}="1"`,
    ),
    '',
    '# The adapter hands over each answer at once, and not every 16 ms.',
    'SUBSYSTEM=="usb-serial", DRIVER=="ftdi_sio", ATTR{latency_timer}="1"',
    '',
    '# Names that last, whatever was plugged in before.',
    ...named.map(nameRule),
    '',
    'LABEL="tendon_end"',
    '',
  ].join('\n')
}

function nameRule({ name, port: { vendorId, productId, serialNumber, path } }: NamedPort): string {
  if (!vendorId || !productId || !serialNumber) return `# ${path}: its adapter has no serial number to know it by.`
  return [
    'SUBSYSTEM=="tty"',
    `ATTRS{idVendor}=="${vendorId}"`,
    `ATTRS{idProduct}=="${productId}"`,
    `ATTRS{serial}==${quoted(serialNumber)}`,
    `SYMLINK+="tendon/${name}"`,
    'ENV{ID_MM_PORT_IGNORE}="1"',
  ].join(', ')
}
