import { entry } from '../problem.ts'

/** A program that has a port open. */
export interface Holder {
  readonly pid: number
  readonly program: string
}

const named = ({ program, pid }: Holder): string => `${program} (process ${pid})`

function busyReason(holders: readonly Holder[], unseen: boolean): string {
  if (holders.length > 0) return holders.map(named).join(' and ')
  return unseen ? 'a program of another user' : 'another program'
}

/** How one servo answers, by the count. */
export interface Losses {
  readonly joint: string
  readonly bus: string
  readonly servo: number
  readonly lost: number
  /** Of so many replies. */
  readonly of: number
}

const losses: Losses = { joint: 'elbow_flex', bus: 'servos', servo: 3, lost: 14, of: 100 }

/** Servos that answer, and too seldom. */
export const noiseProblems = {
  TENDON_BUS_NOISY: entry<Losses>({
    severity: 'notice',
    power: 'unchanged',
    what: (f) => `Servo ${f.servo} of joint ${f.joint} (bus ${f.bus}) lost ${f.lost} of its last ${f.of} replies.`,
    why: () => 'Lost replies are asked for again, so the robot goes on; a plug or a cable that does this gets worse.',
    fix: () => 'npx tendon status',
    sample: losses,
    more:
      'The counters of the other servos tell where to look. One servo alone: its plug, or its cable. All from one servo ' +
      'on: the plug before the first of them. All of them: the adapter, the ground, or the supply, and then more when ' +
      'motors pull. Late rather than lost: the latency timer of the adapter.',
  }),
  TENDON_SERVO_INTERMITTENT: entry<Losses>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `Servo ${f.servo} of joint ${f.joint} (bus ${f.bus}) lost ${f.lost} of its last ${f.of} replies.`,
    why: () => 'With so many gone nobody knows in time where the joint is, or whether the servo has heard.',
    fix: (f) => `Keep clear, then check the plugs of servo ${f.servo} and of the one before it.`,
    sample: { ...losses, lost: 56 },
    more:
      'The servo was never silent long enough to count as lost: a contact that opens and closes does this. The robot is ' +
      'in fault, and the stop frame went out to every servo of the bus.',
  }),
} as const

/** Why a serial port could not be opened. Nothing was written, so power is as it was. */
export const portProblems = {
  TENDON_PORT_BUSY: entry<{ port: string; holders: readonly Holder[]; unseen: boolean }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The port ${f.port} is in use by ${busyReason(f.holders, f.unseen)}.`,
    why: () => 'Two programs on one line would each take the answers of the other, so the port is opened for one only.',
    fix: (f) => {
      const [holder] = f.holders
      return holder ? `ps -fp ${holder.pid}` : `sudo fuser -v ${f.port}`
    },
    sample: { port: '/dev/ttyACM0', holders: [{ pid: 4711, program: 'ModemManager' }], unseen: false },
    more:
      'Ask what the program is before you end it: a robot that runs holds its port, and its joints hold because of it ' +
      '(`tendon stop`). ModemManager opens every new serial port to look for a modem: `sudo systemctl disable --now ' +
      'ModemManager`.',
  }),
  TENDON_PORT_DENIED: entry<{
    port: string
    user: string
    group: string | undefined
    membership: 'none' | 'next_login' | 'member' | 'unknown'
  }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `${f.user} may not open the port ${f.port}.`,
    why: (f) => {
      if (f.group === undefined) return 'Its owner and its access rights could not be read.'
      if (f.membership === 'next_login')
        return `It belongs to the group ${f.group}; ${f.user} is a member, but not yet in this login.`
      if (f.membership === 'member') return `${f.user} is in its group ${f.group}, which may not read and write it.`
      return `It belongs to the group ${f.group}, and ${f.user} is not a member.`
    },
    fix: (f) => {
      if (f.membership === 'next_login') return 'exec su - "$USER"'
      if (f.membership === 'member' || f.group === undefined) return `ls -lL ${f.port}`
      return `sudo usermod -aG ${f.group} "$USER" && exec su - "$USER"`
    },
    sample: { port: '/dev/ttyACM0', user: 'pi', group: 'dialout', membership: 'none' },
    more:
      'A new group counts from the next login on. On a Raspberry Pi a login prompt on the UART gives the port to the ' +
      'group tty again and again: switch the serial console off in raspi-config.',
  }),
  TENDON_PORT_MISSING: entry<{ port: string; serialNumber?: string | undefined; ports: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) =>
      f.serialNumber === undefined
        ? `There is no port ${f.port}.`
        : `There is no serial adapter with the serial number ${f.serialNumber}.`,
    why: (f) =>
      f.ports.length === 0
        ? 'No serial port is there at all: the adapter is unplugged, or its cable carries power only.'
        : `The serial ports of this machine: ${f.ports.join(', ')}.`,
    fix: () => 'npx tendon ports',
    sample: { port: '/dev/ttyACM1', ports: ['/dev/serial/by-id/usb-1a86_USB_Single_Serial_5A68012345-if00'] },
    more:
      'Names like ttyACM0 are given out in the order of plugging in. A path below /dev/serial/by-id, or ' +
      "serial({ serialNumber: '...' }), means the same adapter whatever its number is today.",
  }),
  TENDON_PORT_AMBIGUOUS: entry<{ serialNumber: string; ports: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `${f.ports.length} adapters have the serial number ${f.serialNumber}: ${f.ports.join(' and ')}.`,
    why: () => 'Some makers give every adapter the same number; to open the first one could move another robot.',
    fix: () => 'ls -l /dev/serial/by-path',
    sample: { serialNumber: '0001', ports: ['/dev/ttyUSB0', '/dev/ttyUSB1'] },
    more: 'The links below /dev/serial/by-path name the socket that an adapter is plugged into instead of the adapter.',
  }),
  TENDON_PORT_NOT_A_TTY: entry<{ port: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `${f.port} is not a serial port.`,
    why: () => 'It is a file, a folder, or a device of another kind, which has no baud rate.',
    fix: () => 'npx tendon ports',
    sample: { port: '/etc/hostname' },
  }),
} as const
