import * as tendon from 'tendon'
import {
  buffer,
  controlLoop,
  defineRobot,
  deg,
  degPerSec,
  fileStorage,
  memoryStorage,
  op,
  parseRecording,
  playJoints,
  race,
  recordings,
  recordJoints,
  retime,
  sample,
  sleep,
  start,
  systemClock,
  ticker,
} from 'tendon'
import * as broker from 'tendon/broker'
import { embeddedBroker } from 'tendon/broker'
import * as device from 'tendon/device'
import * as drivers from 'tendon/drivers'
import * as dynamixelEntry from 'tendon/dynamixel'
import { dynamixel, encodeFrame as encodePacket, xc330, xc430, xl330, xl430, xm430, xm540 } from 'tendon/dynamixel'
import * as feetechEntry from 'tendon/feetech'
import { encodeFrame, encodeSignMagnitude, feetech, sts3215, switchOff } from 'tendon/feetech'
import * as framing from 'tendon/framing'
import {
  checksum,
  cobs,
  fixedLength,
  jsonLines,
  lineFraming,
  lines,
  modbus,
  modbusGap,
  nmeaFraming,
  slip,
} from 'tendon/framing'
import * as gpioEntry from 'tendon/gpio'
import { gpioInput, gpioOutput } from 'tendon/gpio'
import * as i2cEntry from 'tendon/i2c'
import { i2c } from 'tendon/i2c'
import * as mqttEntry from 'tendon/mqtt'
import { mqtt, mqttSensor } from 'tendon/mqtt'
import * as pca9685Entry from 'tendon/pca9685'
import { hobbyServo, pca9685 } from 'tendon/pca9685'
import * as problems from 'tendon/problems'
import { allProblems } from 'tendon/problems'
import * as pty from 'tendon/pty'
import * as serialEntry from 'tendon/serial'
import { serial } from 'tendon/serial'
import * as sim from 'tendon/sim'
import {
  parseFault,
  playback,
  scaledClock,
  scheduleFaults,
  serveOnPty,
  simulated,
  simulationOf,
  Timeline,
} from 'tendon/sim'
import * as testing from 'tendon/testing'
import { framingConformance, harness, memoryLink, scriptedPort, VirtualClock } from 'tendon/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import manifest from '../../package.json' with { type: 'json' }

const nowhere = serial({ path: '/dev/no-such-port', baudRate: 1_000_000 })
const model = defineRobot('turret', {
  buses: { servos: feetech({ port: nowhere }) },
  joints: {
    pan: { servo: sts3215('servos', 1), position: [deg(-90), deg(90)], velocity: degPerSec(180), stop: 'park' },
  },
})
const later = z.string().refine(async () => true)
const turret = model.with({
  look: model.moveTo(),
  throws: model.command({
    run() {
      throw new Error('a plain error of the body')
    },
  }),
  both: model.command({
    async *run() {},
  }),
  ticks: model.command({
    *run() {
      yield* ticker(0)
    },
  }),
  races: model.command({
    *run() {
      yield* race([])
    },
  }),
  asks: model.command({
    *run() {
      yield* op('camera.take')
    },
  }),
  naps: model.command({
    *run() {
      yield* sleep(-1)
    },
  }),
})

const armedRig = async () => {
  const rig = await harness(turret)
  await rig.arm()
  return rig
}
type Rig = Awaited<ReturnType<typeof armedRig>>

/** Does something to an armed robot of its own. */
const onRobot = (act: (rig: Rig) => unknown) => async (): Promise<unknown> => {
  await using rig = await armedRig()
  return await act(rig)
}
/** What a run of this command ends with, as a script would get it. */
const value = (command: string, goal?: unknown) => onRobot((rig) => rig.run(rig.robot.execute(command, goal).value()))
const env = { clock: new VirtualClock() }
const recorded = { name: 'turret', spec: { joints: { pan: { position: [-1, 1], velocity: 1 } } } } as const

/** What can be called wrongly, or fail, at each public entry; and the code that comes of it. */
const failures: Readonly<Record<string, readonly (readonly [what: string, code: string, act: () => unknown])[]>> = {
  defineRobot: [
    [
      'a joint without limits',
      'TENDON_DEFINITION_INVALID',
      () => defineRobot('x', { joints: { a: { position: [1, 0], velocity: 1 } } }).with({}),
    ],
  ],
  'model.with': [
    [
      'a command of a name that is taken',
      'TENDON_DEFINITION_INVALID',
      () => model.with({ stop: model.moveTo() } as never),
    ],
    [
      'an asynchronous goal',
      'TENDON_DEFINITION_INVALID',
      () => model.with({ c: model.command({ goal: later, run() {} }) }),
    ],
  ],
  start: [
    ['a port that is not there', 'TENDON_PORT_MISSING', () => start(turret)],
    ['a limit that is none', 'TENDON_DEFINITION_INVALID', () => start(simulated(turret), { limits: { maxRuns: -1 } })],
  ],
  'robot and its handles': [
    ['an unknown category', 'TENDON_UNKNOWN_CATEGORY', onRobot(({ robot }) => robot.category('motoin' as never))],
    ['an unknown command', 'TENDON_UNKNOWN_COMMAND', value('lok')],
    ['a goal that does not fit', 'TENDON_GOAL_INVALID', value('look', { pan: 'far' })],
    ['a goal outside of the limits', 'TENDON_GOAL_INVALID', value('look', { pan: 3 })],
    [
      'a wait of less than nothing',
      'TENDON_ARGUMENT_INVALID',
      onRobot(({ robot }) => robot.look({ pan: 0 }).yield(-1)),
    ],
    [
      'an awaiter that gives up',
      'TENDON_AWAIT_ABORTED',
      onRobot(({ robot }) => robot.look({ pan: 0.1 }).result({ signal: AbortSignal.abort() })),
    ],
    [
      'a value of a run that was canceled',
      'TENDON_RUN_CANCELED',
      onRobot((rig) => {
        const handle = rig.robot.look({ pan: 0.2 })
        void handle.cancel()
        return rig.run(handle.value())
      }),
    ],
  ],
  'bodies and scripts': [
    ['a body that throws', 'TENDON_BODY_THREW', value('throws')],
    ['a body of two kinds', 'TENDON_BODY_KIND', value('both')],
    ['an operation that nobody brings', 'TENDON_OP_UNKNOWN', value('asks')],
  ],
  ticker: [['no period', 'TENDON_ARGUMENT_INVALID', value('ticks')]],
  race: [['nobody', 'TENDON_ARGUMENT_INVALID', value('races')]],
  sleep: [['less than nothing', 'TENDON_ARGUMENT_INVALID', value('naps')]],
  systemClock: [['a delay of less than nothing', 'TENDON_ARGUMENT_INVALID', () => systemClock.after(-1, () => {})]],
  buffer: [['nothing', 'TENDON_ARGUMENT_INVALID', () => buffer(0)]],
  sample: [['for ever', 'TENDON_ARGUMENT_INVALID', () => sample(Infinity)]],
  memoryStorage: [['a name that leaves the folder', 'TENDON_ARGUMENT_INVALID', () => memoryStorage().read('../x')]],
  fileStorage: [
    ['a name that leaves the folder', 'TENDON_ARGUMENT_INVALID', () => fileStorage('/tmp').write('../x', '')],
    ['a place that cannot be written', 'TENDON_STORAGE_FAILED', () => fileStorage('/dev/null').write('x', '')],
    ['a place that cannot be read', 'TENDON_STORAGE_FAILED', () => fileStorage('/dev/null/x').read('y')],
    ['a place that cannot be listed', 'TENDON_STORAGE_FAILED', () => fileStorage('/dev/null').list('y')],
  ],
  controlLoop: [
    ['no rate', 'TENDON_ARGUMENT_INVALID', () => controlLoop({ rate: 0, clock: env.clock } as never, () => {})],
  ],
  parseRecording: [
    ['no recording', 'TENDON_RECORDING_FORMAT', () => parseRecording('no recording', { robot: recorded })],
  ],
  recordings: [
    ['one that is not there', 'TENDON_RECORDING_MISSING', () => recordings(memoryStorage(), recorded).load('wave')],
    ['a name that is none', 'TENDON_RECORDING_NAME', () => recordings(memoryStorage(), recorded).load('../wave')],
  ],
  retime: [['no pace', 'TENDON_ARGUMENT_INVALID', () => retime({ joints: ['pan'], samples: [] }, {}, { speed: 0 })]],
  serial: [
    ['no such port', 'TENDON_PORT_MISSING', () => nowhere.open(env)],
    ['no name of a port', 'TENDON_ARGUMENT_INVALID', () => serial({ baudRate: 9600 } as never)],
  ],
  sts3215: [
    ['an id that is none', 'TENDON_ARGUMENT_INVALID', () => sts3215('servos', 254)],
    ['a torque above 1', 'TENDON_ARGUMENT_INVALID', () => sts3215('servos', 1, { torqueLimit: 2 })],
    ['no acceleration', 'TENDON_ARGUMENT_INVALID', () => sts3215('servos', 1, { acceleration: 0 })],
    ['a gain that no register holds', 'TENDON_ARGUMENT_INVALID', () => sts3215('servos', 1, { gains: { p: 300 } })],
  ],
  dynamixel: [
    [
      'a servo that nothing is mounted on',
      'TENDON_SERVO_UNKNOWN',
      () => dynamixel({ port: nowhere }).create(env, []).inspect(1),
    ],
    [
      'a stop without a link',
      'TENDON_BUS_CLOSED',
      () => dynamixel({ port: nowhere }).create(env, []).stop({ cut: [], freeze: [] }),
    ],
    ['a packet for an id that is none', 'TENDON_ARGUMENT_INVALID', () => encodePacket(253, 1)],
  ],
  xl330: [
    ['a variant that there is not', 'TENDON_ARGUMENT_INVALID', () => xl330('servos', 1, { variant: 'M1' as never })],
  ],
  xc330: [['an id that is none', 'TENDON_ARGUMENT_INVALID', () => xc330('servos', 253)]],
  xl430: [
    ['a mode without a sensor', 'TENDON_ARGUMENT_INVALID', () => xl430('servos', 1, { mode: 'current' as never })],
  ],
  xc430: [['no acceleration', 'TENDON_ARGUMENT_INVALID', () => xc430('servos', 1, { acceleration: 0 })]],
  xm430: [['itself as its shadow', 'TENDON_ARGUMENT_INVALID', () => xm430('servos', 2, { shadows: [2] })]],
  xm540: [['a watchdog above 2.54 s', 'TENDON_ARGUMENT_INVALID', () => xm540('servos', 1, { watchdog: 3 })]],
  feetech: [
    [
      'a servo that nothing is mounted on',
      'TENDON_SERVO_UNKNOWN',
      () => feetech({ port: nowhere }).create(env, []).inspect(1),
    ],
    [
      'a closed bus that is told to stop',
      'TENDON_BUS_CLOSED',
      () => feetech({ port: nowhere }).create(env, []).stop({ cut: [], freeze: [] }),
    ],
    ['a port that is not there', 'TENDON_PORT_MISSING', () => feetech({ port: nowhere }).create(env, []).open()],
    [
      'an id that no servo can be given',
      'TENDON_ARGUMENT_INVALID',
      () => feetech({ port: nowhere }).workbench(env).changeId(1, 254),
    ],
  ],
  switchOff: [
    ['a port that is not there', 'TENDON_PORT_MISSING', () => switchOff(nowhere, { ...env, ids: [1] })],
    [
      'several families behind a port that is not there',
      'TENDON_PORT_MISSING',
      () => drivers.switchOff([feetech({ port: nowhere }), dynamixel({ port: nowhere })], { ...env, ids: [1] }),
    ],
  ],
  pca9685: [
    ['an address that no such chip has', 'TENDON_ARGUMENT_INVALID', () => pca9685({ port: nowhere, address: 0x20 })],
    [
      'a servo that nothing is mounted on',
      'TENDON_SERVO_UNKNOWN',
      () => pca9685({ port: nowhere }).create(env, []).inspect(1),
    ],
  ],
  hobbyServo: [
    [
      'a channel that there is not',
      'TENDON_ARGUMENT_INVALID',
      () => hobbyServo('pwm', 16, { speed: degPerSec(300), assumed: 0 }),
    ],
  ],
  i2c: [
    ['a number that is no bus', 'TENDON_ARGUMENT_INVALID', () => i2c({ bus: -1 })],
    ['a package that is not installed', 'TENDON_MODULE_MISSING', () => i2c({ bus: 1 }).open(env)],
  ],
  gpioInput: [
    ['a chip that has no name', 'TENDON_ARGUMENT_INVALID', () => gpioInput({ chip: '', line: 17 })],
    [
      'tools that are not there',
      'TENDON_GPIO_TOOLS_MISSING',
      () => gpioInput({ chip: 'gpiochip0', line: 17, tools: '/nowhere' }).open(env),
    ],
  ],
  gpioOutput: [['a line that is none', 'TENDON_ARGUMENT_INVALID', () => gpioOutput({ chip: 'gpiochip0', line: 1.5 })]],
  encodeFrame: [['an id that is none', 'TENDON_ARGUMENT_INVALID', () => encodeFrame(300, 1)]],
  encodeSignMagnitude: [['too much', 'TENDON_ARGUMENT_INVALID', () => encodeSignMagnitude(4096, 11)]],
  lineFraming: [['no cap', 'TENDON_ARGUMENT_INVALID', () => lineFraming({ maxLength: 0 })]],
  nmeaFraming: [['no cap', 'TENDON_ARGUMENT_INVALID', () => nmeaFraming({ maxLength: Infinity })]],
  lines: [['an asynchronous schema', 'TENDON_LINE_SCHEMA_ASYNC', () => lines(nowhere, { schema: later })]],
  jsonLines: [
    ['an asynchronous schema', 'TENDON_LINE_SCHEMA_ASYNC', () => jsonLines({ schema: later })],
    ['what JSON cannot hold', 'TENDON_ARGUMENT_INVALID', () => jsonLines().encode(1n)],
  ],
  slip: [['no cap', 'TENDON_ARGUMENT_INVALID', () => slip({ maxLength: 0 } as never)]],
  cobs: [['no cap', 'TENDON_ARGUMENT_INVALID', () => cobs({ maxLength: 0 } as never)]],
  fixedLength: [['no length', 'TENDON_ARGUMENT_INVALID', () => fixedLength({ length: 0, start: [1] })]],
  checksum: [['three bytes', 'TENDON_ARGUMENT_INVALID', () => checksum({ name: 'x', size: 3 as 2, of: () => 0 })]],
  modbus: [['no length', 'TENDON_ARGUMENT_INVALID', () => modbus({} as never)]],
  modbusGap: [['no rate', 'TENDON_ARGUMENT_INVALID', () => modbusGap(0)]],
  simulated: [['a robot without a simulation', 'TENDON_SIM_NOT_SIMULATED', () => simulationOf(turret)]],
  simulationOf: [
    ['an unknown servo', 'TENDON_SIM_UNKNOWN_NAME', () => simulationOf(simulated(turret)).servo('pam')],
    ['a fault of an unknown joint', 'TENDON_SIM_UNKNOWN_NAME', () => simulationOf(simulated(turret)).faults.jam('pam')],
  ],
  parseFault: [['no fault', 'TENDON_SIM_FAULT_INVALID', () => parseFault('stuck')]],
  scheduleFaults: [
    [
      'a joint that is not there',
      'TENDON_SIM_UNKNOWN_NAME',
      () => scheduleFaults(simulationOf(simulated(turret)), env.clock, ['pam=stuck']),
    ],
  ],
  serveOnPty: [
    [
      'a bus that is not there',
      'TENDON_SIM_UNKNOWN_NAME',
      () => serveOnPty(simulationOf(simulated(turret)), 'servo', {} as never),
    ],
  ],
  scaledClock: [['a factor of nothing', 'TENDON_ARGUMENT_INVALID', () => scaledClock(systemClock, 0)]],
  Timeline: [['before it was opened', 'TENDON_SIM_NOT_OPEN', () => new Timeline().at(1, () => {})]],
  playJoints: [
    ['no pace', 'TENDON_ARGUMENT_INVALID', () => playJoints({} as never, { robot: recorded, name: 'wave', speed: 0 })],
  ],
  recordJoints: [
    [
      'no time',
      'TENDON_ARGUMENT_INVALID',
      () => recordJoints({} as never, { robot: recorded, name: 'wave', seconds: 0 }),
    ],
  ],
  mqtt: [['an address of something else', 'TENDON_MQTT_OPTION', () => mqtt({ url: 'http://localhost' })]],
  mqttSensor: [
    ['an asynchronous schema', 'TENDON_MQTT_SCHEMA_ASYNC', () => mqttSensor('lab', 'room', later)],
    ['a filter that no broker takes', 'TENDON_MQTT_FILTER', () => mqttSensor('lab', 'room/#/x', z.string())],
  ],
  embeddedBroker: [
    [
      'a port that is taken',
      'TENDON_BROKER_LISTEN_FAILED',
      async () => {
        const first = await embeddedBroker()
        try {
          await embeddedBroker({ port: Number(new URL(first.url).port) })
        } finally {
          await first.close()
        }
      },
    ],
  ],
  playback: [
    [
      'a file that is not there',
      'TENDON_PORT_OPEN_FAILED',
      () => playback({ file: '/no/such.log', baudRate: 4800 }).open(env),
    ],
  ],
  VirtualClock: [
    ['a promise that nothing settles', 'TENDON_CLOCK_STUCK', () => new VirtualClock().run(new Promise(() => {}))],
    [
      'a promise that takes too long',
      'TENDON_CLOCK_LIMIT',
      () => {
        const clock = new VirtualClock()
        return clock.run(new Promise<void>((resolve) => void clock.after(5, resolve)), { limit: 1 })
      },
    ],
    ['time that runs backwards', 'TENDON_ARGUMENT_INVALID', () => new VirtualClock().advance(-1)],
  ],
  harness: [
    [
      'a robot that cannot be armed',
      'TENDON_ARM_SERVO_SILENT',
      async () => {
        await using rig = await harness(turret)
        rig.sim.faults.silence('pan')
        await rig.arm()
      },
    ],
  ],
  framingConformance: [
    [
      'a framing that cannot encode',
      'TENDON_NOT_CONFORMANT',
      () => framingConformance({ ...lineFraming(), encode: undefined } as never, { good: ['a'], max: 8 }),
    ],
  ],
  memoryLink: [['a closed link', 'TENDON_LINK_CLOSED', () => closedLink().then((link) => link.publish('lamp', 'on'))]],
  scriptedPort: [
    ['bytes that are none', 'TENDON_ARGUMENT_INVALID', () => scriptedPort([{ expect: 'FG' }])],
    ['a step that nobody took', 'TENDON_SCRIPT_DIFFERENCE', () => scriptedPort([{ expect: 'FF' }]).verify()],
  ],
}

/** Functions that fail for no value of their type, and why; what is wrong in a definition is found by `with`. */
const TOTAL: Readonly<Record<string, string>> = {
  'they only convert':
    'deg degPerSec radPerSec degPerSec2 rad toDegrees seconds ms minutes mm latest nearNames oneOf nmeaChecksum decodeFrame ' +
    'decodeSignMagnitude modbusReplyLength modbusRequestLength formatFault jsonText accelerationOf toJoint ' +
    'toJointVelocity toServo toleranceOf stuff unstuff linkOf nearCodes encodeI2cAnswer encodeI2cRequest i2cAnswers i2cRequests explain explanationMarkdown silentPort problem streamTo',
  'it reads what there is, and of what is not there it gives nothing': 'listPorts',
  'they only declare, and the definition is checked as a whole':
    'above below inside outside matches health stale fromParam service call op fromLogic framedSensor entry problemsOf servoDriver framedLine',
  'they make operations, which fail where they are yielded':
    'all fork monitor publish read receive send subscribe timer',
  'their checks fail, as framingConformance does': 'driverConformance transportConformance fuzzFraming',
  'they fail without their package: test/transports/module-missing.test.ts': 'openPty',
  'what keeps a guard away is told by arming: test/safety/guards.test.ts': 'processGuard',
}
const classes = [
  // Made by the functions above, or of a value that has been checked by them.
  ...[
    'TendonError',
    'Interrupted',
    'FeetechBus',
    'FeetechWorkbench',
    'DynamixelBus',
    'DynamixelWorkbench',
    'FeetechServo',
    'DynamixelServo',
    'SimulatedInput',
    'RegisterAccess',
    'StatusDecoder',
    'Faults',
    'Random',
  ],
  ...['HalfDuplexBus', 'SimulatedPort', 'SimulatedServo', 'Simulation', 'MemoryTransport'],
]
const entries = {
  tendon,
  broker,
  device,
  drivers,
  dynamixelEntry,
  feetechEntry,
  pca9685Entry,
  i2cEntry,
  gpioEntry,
  framing,
  mqttEntry,
  problems,
  pty,
  serialEntry,
  sim,
  testing,
}

it('every entry of the package is looked at', () => {
  expect(Object.keys(entries)).toHaveLength(Object.keys(manifest.exports).length - 1)
})

async function closedLink() {
  const link = await memoryLink().open({ clock: systemClock })
  await link.close()
  return link
}

it('every function of every entry is listed: how it fails, or why it cannot', () => {
  const listed = new Set([...Object.keys(failures), ...Object.values(TOTAL).join(' ').split(' '), ...classes])
  const exported = Object.values(entries).flatMap((entry) =>
    Object.entries(entry).flatMap(([name, value]) => (typeof value === 'function' ? [name] : [])),
  )
  expect(exported.filter((name) => !listed.has(name))).toEqual([])
})

describe.each(Object.entries(failures))('%s', (_, cases) => {
  it.each(cases)('of %s fails with %s', async (_what, code, act) => {
    const thrown = await Promise.resolve()
      .then(act)
      .then(
        () => undefined,
        (error: unknown) => error,
      )
    expect(thrown).toBeInstanceOf(tendon.TendonError)
    expect((thrown as tendon.TendonError).code).toBe(code)
    expect(Object.keys(allProblems)).toContain(code)
  })
})
