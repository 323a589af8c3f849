import type { Argument, Option, Verb } from './verb.ts'

const json: Option = { name: 'json', doc: 'One JSON object a line on standard output, and nothing else there' }
const robot: Option = { name: 'robot', value: 'name', doc: 'Which one, where several are running' }
const arm: Option = { name: 'arm', doc: 'Arm the robot first; nothing else ever arms it' }
const goal: Option = { name: 'goal', value: 'json', doc: 'The goal as JSON, in SI units; or write key=value' }
const reason: Option = { name: 'reason', value: 'text', doc: 'Why, for the log and for whoever finds it' }
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
      { name: 'port', value: 'path', doc: 'The bus of a robot whose program does not answer: send the off frame' },
      { name: 'baud', value: 'n', doc: 'Bits per second of that port; default 1000000' },
      { name: 'ids', value: 'list', doc: 'The servos that must answer: 1-6 or 1,2,5' },
      json,
    ],
    examples: ['tendon stop', 'tendon stop --port /dev/ttyACM0 --ids 1-6'],
    load: async () => (await import('./verbs/stop.ts')).stop,
  },
  act('reset', 'Lift the latch of a stop; writes nothing to the hardware', []),
  act('arm', 'Check and power every joint where it stands', []),
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
