/** What the unit of one robot is made from. */
export interface UnitParts {
  readonly robot: string
  readonly user: string
  /** How `tendon` is called: Node, its flags, and the program. */
  readonly tendon: readonly string[]
  /** The robot's file or folder, as `tendon run` takes it. */
  readonly place: string
  /** Groups of this machine whose devices the robot needs. */
  readonly groups: readonly string[]
  /** Kinds of device that it may open: `char-ttyACM`. */
  readonly devices: readonly string[]
  /** Something of it lies below `/home`. */
  readonly inHome: boolean
}

/** Whose members may talk to robots that run as services. */
export const OPERATORS = 'tendon'

export const unitName = (robot: string): string => `tendon-${robot}.service`

/** The longest time without a tick before systemd ends the robot, in seconds. */
const WATCHDOG = 10
/** How long it may take to come up: every guard may need 15 s on a busy machine. */
const START = 90
/** How long it may take to go to rest, disarm and be read back. */
const STOP = 60

/** A word of a command line in a unit: quoted, with nothing in it that systemd would expand. */
const unitWord = (word: string): string =>
  `"${word
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('%', '%%')
    .replaceAll('$', () => '$$')}"`

const commandLine = (words: readonly string[]): string => words.map(unitWord).join(' ')

/** The unit of systemd that keeps a robot up. It comes up disarmed, and nothing in it arms. */
export function unitText(parts: UnitParts): string {
  const { robot, user, tendon, place, groups, devices, inHome } = parts
  const [program = '', ...rest] = tendon
  const call = (...words: string[]): string => `${program} ${commandLine([...rest, ...words])}`
  return `# Made by: tendon service install. It is written anew by the next one.
[Unit]
Description=Tendon robot ${robot}
After=network.target systemd-udevd.service
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=notify
# The notes come from systemd-notify, which the robot starts.
NotifyAccess=all
ExecStart=${call('run', place)}
# Whatever has ended it: what is not known to be without power is told to let go, and read back.
ExecStopPost=${call('service', 'off', place)}
# How the program ends after SIGTERM and Ctrl-C, when every servo was read back.
SuccessExitStatus=143 130
Restart=on-failure
# The guard may hold the port for the two seconds of a park.
RestartSec=4
# A definition that is wrong stays wrong.
RestartPreventExitStatus=2
TimeoutStartSec=${START}
TimeoutStopSec=${STOP}
# Pinged only while every control loop ticks.
WatchdogSec=${WATCHDOG}
# The robot alone is asked to end, and goes to rest. With mixed, systemd would kill its guard in the moment in which the
# program dies, and with control-group the tools that watch stop buttons; all of them end by themselves, within seconds.
KillMode=process
# Memory that runs out elsewhere must not take the guard along.
OOMPolicy=continue
OOMScoreAdjust=-500
Nice=-5

User=${user}
Group=${OPERATORS}
SupplementaryGroups=${groups.join(' ')}
UMask=0027
Environment=NODE_ENV=production TENDON_RUNTIME_DIR=/run/tendon TENDON_STATE_DIR=/var/lib/tendon TENDON_SHARE=group
RuntimeDirectory=tendon
RuntimeDirectoryMode=0750
# Other robots have their sockets there too, and what was left with power its card.
RuntimeDirectoryPreserve=yes
StateDirectory=tendon
StateDirectoryMode=0750
WorkingDirectory=/var/lib/tendon

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=${inHome ? 'read-only' : 'yes'}
PrivateTmp=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
DevicePolicy=closed
${devices.map((device) => `DeviceAllow=${device} rw`).join('\n')}

[Install]
WantedBy=multi-user.target
`
}
