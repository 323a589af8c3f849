import type { Argument, Option, Verb } from './verb.ts'

const json: Option = { name: 'json', doc: 'One JSON object a line on standard output, and nothing else there' }
const robot: Option = { name: 'robot', value: 'name', doc: 'Which one, where several are running' }
const arm: Option = { name: 'arm', doc: 'Arm the robot first; nothing else ever arms it' }
const goal: Option = { name: 'goal', value: 'json', doc: 'The goal as JSON, in SI units; or write key=value' }
const reason: Option = { name: 'reason', value: 'text', doc: 'Why, for the log and for whoever finds it' }
const yes: Option = { name: 'yes', doc: 'Before a first motion: everybody is clear, a stop is within reach' }
const port: Option = {
  name: 'port',
  value: 'path',
  doc: 'The serial port; default: that of the robot, or the only one',
}
const baud: Option = { name: 'baud', value: 'list', doc: 'Which rates to ask at: 1000000,500000; default all' }
const ids: Option = { name: 'ids', value: 'list', doc: 'Which ids to ask: 1-6 or 1,2,5; default all' }
const wait: Option = {
  name: 'wait',
  value: 'duration',
  doc: 'How long an id may take to answer; default: by the adapter',
}
const loading: readonly Argument[] = [{ name: 'robot' }, { name: 'script', optional: true }]

/** An act on the whole robot, through its socket. */
const act = (name: string, doc: string, options: readonly Option[] = [reason]): Verb => ({
  name,
  doc,
  options: [...options, robot, json],
  load: async () => (await import('./verbs/safety.ts')).safety,
})

/** Everything that `tendon` can be told, in the order of its help. */
export const verbs: readonly Verb[] = [
  {
    name: 'new',
    doc: 'Make a folder with a robot that runs and tests at once',
    args: [{ name: 'folder' }],
    options: [
      { name: 'tendon', value: 'version', doc: 'Its dependency: a version, or the path of a package or a tarball' },
      json,
    ],
    examples: ['tendon new my-robot'],
    load: async () => (await import('./verbs/new.ts')).makeRobot,
  },
  {
    name: 'sim',
    doc: 'Run a robot behind simulated hardware: a script, a command, or its story',
    args: loading,
    options: [
      { name: 'stay', doc: 'Tell no story: stay up for commands from other terminals, until Ctrl-C' },
      { name: 'fault', value: 'joint=kind', many: true, doc: 'Begin with a fault: stuck, silent, hot, low, ...' },
      { name: 'seed', value: 'n', doc: 'Of everything that is left to chance; default 1' },
      { name: 'speed', value: 'factor', doc: 'How fast the robot lives: 0.1 to 20; default 1' },
      { name: 'headless', doc: 'Plain lines and no stop key, even on a terminal' },
      { name: 'pty', value: 'link', bare: true, doc: 'No robot: serve the simulated servos on a pseudo terminal' },
      json,
    ],
    examples: ['tendon sim so101', 'tendon sim so101 wave --fault elbow_flex=stuck', 'tendon sim so101 --stay'],
    load: async () => (await import('./verbs/sim.ts')).simulate,
  },
  {
    name: 'run',
    doc: 'Run a robot on its hardware: a script, a command, or up for commands until Ctrl-C',
    args: loading,
    options: [
      { name: 'arm', doc: 'Arm before the script; without it only commands that need no power run' },
      yes,
      { name: 'sim', doc: 'On simulated hardware all the same' },
      json,
    ],
    examples: ['tendon run robot.ts', 'tendon run so101 home --arm', 'tendon run so101 pick-and-place.ts --arm'],
    load: async () => (await import('./verbs/run.ts')).run,
  },
  {
    name: 'exec',
    doc: 'Run a command of a running robot, and wait for its outcome',
    args: [{ name: 'command' }, { name: 'key=value', optional: true, rest: true }],
    options: [
      goal,
      arm,
      yes,
      { name: 'detach', doc: 'Start it and end; otherwise it is canceled when this ends' },
      { name: 'timeout', value: 'duration', doc: 'Cancel it after this time: 10s, 500ms' },
      robot,
      json,
    ],
    examples: [
      'tendon exec home --arm',
      'tendon exec moveTo shoulder_pan=30deg elbow_flex=0.4rad',
      `tendon exec grip --goal '{"opening":0.5}'`,
    ],
    load: async () => (await import('./verbs/exec.ts')).exec,
  },
  {
    name: 'list',
    doc: 'The running robots; of one: its commands and what they take',
    args: [{ name: 'robot', optional: true }],
    options: [robot, json],
    load: async () => (await import('./verbs/list.ts')).list,
  },
  {
    name: 'status',
    doc: 'Safety, state, joints, sensors and buses of a running robot',
    options: [robot, json],
    load: async () => (await import('./verbs/status.ts')).status,
  },
  {
    name: 'runs',
    doc: 'What is running, and what ended last',
    options: [robot, json],
    load: async () => (await import('./verbs/runs.ts')).runs,
  },
  {
    name: 'events',
    doc: 'The last events of a running robot',
    options: [
      { name: 'follow', doc: 'Go on with those to come, until Ctrl-C' },
      { name: 'last', value: 'n', doc: 'How many of those that are kept; default 20' },
      robot,
      json,
    ],
    load: async () => (await import('./verbs/events.ts')).events,
  },
  {
    name: 'cancel',
    doc: 'Cancel a run, all runs of a command, or all; ends when they have stopped',
    args: [{ name: 'run-or-command', optional: true }],
    options: [{ name: 'all', doc: 'Every run' }, robot, json],
    load: async () => (await import('./verbs/cancel.ts')).cancel,
  },
  {
    name: 'stop',
    doc: 'Stop now and latch: one robot, or without a name every running one',
    options: [
      reason,
      robot,
      {
        name: 'port',
        value: 'path',
        doc: 'The line of a robot whose program does not answer, or serial:NUMBER, or /dev/i2c-1: send the off frame',
      },
      {
        name: 'family',
        value: 'name',
        doc: 'Servos on it: feetech, dynamixel or all; default what is known, else all',
      },
      { name: 'baud', value: 'n', doc: 'Bits per second of that port; default what is known, else 1000000' },
      { name: 'ids', value: 'list', doc: 'The servos that must answer: 1-6 or 1,2,5' },
      { name: 'chip', value: 'address', doc: 'The PCA9685 on an I2C bus; default what is known, else 0x40' },
      json,
    ],
    examples: ['tendon stop', 'tendon stop --port /dev/ttyACM0 --ids 1-6'],
    load: async () => (await import('./verbs/stop.ts')).stop,
  },
  act('reset', 'Lift the latch of a stop; writes nothing to the hardware', []),
  act('arm', 'Check and power every joint where it stands', [yes]),
  act('disarm', 'Take power away and read every servo back', [
    { name: 'cut', doc: 'At once, also from joints that would hold' },
    reason,
  ]),
  act('retire', 'Go to the rest pose, then disarm'),
  act('acknowledge', 'A human has looked: leave the fault, if every servo is confirmed', []),
  {
    name: 'param',
    doc: 'Parameters of a running robot: list, get, set, reset',
    args: [{ name: 'list|get|set|reset' }, { name: 'name', optional: true }, { name: 'value', optional: true }],
    options: [robot, json],
    examples: ['tendon param list', 'tendon param set grip_force 0.4', 'tendon param reset grip_force'],
    load: async () => (await import('./verbs/param.ts')).param,
  },
  {
    name: 'monitor',
    doc: 'A running robot on the whole terminal: joints, runs, events; space stops it',
    args: [{ name: 'robot', optional: true }],
    options: [json],
    load: async () => (await import('./verbs/monitor.ts')).monitor,
  },
  {
    name: 'doctor',
    doc: 'Look at everything that must be right on the computer of a robot',
    args: [{ name: 'robot', optional: true }],
    options: [
      { name: 'fix', doc: 'Run the fixes that move nothing and need no restart; asks before each' },
      { name: 'yes', doc: 'With --fix: do not ask' },
      json,
    ],
    examples: ['tendon doctor', 'tendon doctor robot.ts', 'tendon doctor --fix'],
    load: async () => (await import('./verbs/doctor.ts')).doctor,
  },
  {
    name: 'service',
    doc: 'Let systemd keep a robot up: install, status, logs, remove',
    args: [{ name: 'install|status|logs|remove' }, { name: 'robot', optional: true }],
    options: [
      { name: 'user', value: 'name', doc: 'Of install: who runs it; default tendon, made where it is missing' },
      { name: 'dry-run', doc: 'Of install and remove: print what would be written and run, and do nothing' },
      { name: 'follow', doc: 'Of logs: go on with what is to come, until Ctrl-C' },
      json,
    ],
    examples: ['tendon service install robot.js --dry-run', 'tendon service logs so101 --follow'],
    load: async () => (await import('./verbs/service.ts')).service,
  },
  {
    name: 'deploy',
    doc: 'Copy a robot to another computer, compiled, restart it there and see that it is well',
    args: [{ name: 'user@host' }, { name: 'folder', optional: true }],
    options: [
      { name: 'dir', value: 'path', doc: 'Where it goes there; default /opt/tendon/<robot>' },
      { name: 'ssh', value: 'command', doc: 'How to get there; default ssh. Words between blanks: "ssh -p 2222"' },
      { name: 'force', doc: 'Also when the robot there is armed, or does not say' },
      { name: 'dry-run', doc: 'Compile, and print what would be done there' },
      json,
    ],
    examples: ['tendon deploy pi@robot.local', 'tendon deploy pi@robot.local my-arm --dry-run'],
    load: async () => (await import('./verbs/deploy.ts')).deploy,
  },
  {
    name: 'ports',
    doc: 'The serial ports of this machine, and what to write into a definition',
    options: [json],
    load: async () => (await import('./verbs/ports.ts')).ports,
  },
  {
    name: 'scan',
    doc: 'Who answers on a line, at which baud rate, and what that tells; writes nothing',
    args: [{ name: 'robot', optional: true }],
    options: [
      port,
      baud,
      ids,
      { name: 'family', value: 'name', doc: 'Without a robot: feetech (default), dynamixel or all' },
      wait,
      { name: 'robot', value: 'name', doc: 'The robot whose servos should be there' },
      json,
    ],
    examples: ['tendon scan so101', 'tendon scan --port /dev/ttyACM0 --baud 1000000 --ids 1-10'],
    load: async () => (await import('./verbs/scan.ts')).scan,
  },
  {
    name: 'setup-ids',
    doc: 'Give the servos of a robot their ids and baud rate, one servo on the line at a time',
    args: [{ name: 'robot' }],
    options: [
      { name: 'joint', value: 'name', doc: 'Only the servo of this joint' },
      { name: 'from', value: 'id', doc: 'Of that joint, without questions: the id that its servo has now' },
      port,
      baud,
      ids,
      wait,
      json,
    ],
    examples: ['tendon setup-ids so101', 'tendon setup-ids so101 --joint gripper --from 1'],
    load: async () => (await import('./verbs/setup-ids.ts')).setupIds,
  },
  {
    name: 'calibrate',
    doc: 'Measure zero and range of every joint by hand, and write them; power is off',
    args: [{ name: 'robot' }],
    options: [
      { name: 'from', value: 'file', doc: 'Take them from a calibration of LeRobot instead' },
      { name: 'to', value: 'file', doc: 'Write them as LeRobot has them; alone: only that, without hardware' },
      { name: 'dry-run', doc: 'Show what would change, and write nothing' },
      { name: 'yes', doc: 'Write without asking' },
      port,
      wait,
      json,
    ],
    examples: ['tendon calibrate so101', 'tendon calibrate so101 --from so101-lerobot.json --dry-run'],
    load: async () => (await import('./verbs/calibrate.ts')).calibrate,
  },
  {
    name: 'explain',
    doc: 'What a code means, what it says about power, and what to do',
    args: [{ name: 'code', optional: true }],
    options: [json],
    examples: ['tendon explain TENDON_LATCHED'],
    load: async () => (await import('./verbs/explain.ts')).explainCode,
  },
  {
    name: 'completion',
    doc: 'The completion script of a shell: bash, zsh or fish',
    args: [{ name: 'shell' }],
    examples: ['source <(tendon completion bash)'],
    load: async () => (await import('./verbs/completion.ts')).completion,
  },
  {
    name: 'complete',
    doc: 'The words that could come next, one a line',
    args: [{ name: 'words', optional: true, rest: true }],
    hidden: true,
    load: async () => (await import('./verbs/completion.ts')).complete,
  },
]
