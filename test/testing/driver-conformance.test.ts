import { describe, expect, test } from 'vitest'
import type { HardwareMap } from '../../src/device/hardware-map.ts'
import type { ServoBus, ServoMount, ServoSample } from '../../src/device/servo-bus.ts'
import type { ByteTransport, DeviceEnv } from '../../src/device/transport.ts'
import { type FeetechBus, type FeetechOptions, feetech } from '../../src/drivers/feetech/bus.ts'
import { STS3215 } from '../../src/drivers/feetech/registers.ts'
import { sts3215 } from '../../src/drivers/feetech/sts3215.ts'
import { simulated, simulationOf } from '../../src/sim/simulated.ts'
import { type DriverSubject, driverConformance } from '../../src/testing/index.ts'
import { MemoryTransport } from '../../src/transports/memory.ts'
import { failing } from './failing.ts'

const IDS = [1, 2]
const mount = (id: number): ServoMount => ({ joint: `joint_${id}`, servo: sts3215('servos', id) })

class Arm {
  readonly hardware: HardwareMap
  constructor(hardware: HardwareMap) {
    this.hardware = hardware
  }
  withHardware(map: HardwareMap): Arm {
    return new Arm(map)
  }
}

interface Spoiling {
  readonly options?: Partial<FeetechOptions>
  /** What a faulty driver does otherwise. */
  readonly bus?: (bus: FeetechBus, env: DeviceEnv) => Partial<ServoBus>
  /** What stands between it and its port. */
  readonly port?: (port: ByteTransport) => ByteTransport
}

/** The sound Feetech driver, spoiled. */
function subject({ options = {}, bus: spoil = () => ({}), port: between = (port) => port }: Spoiling): DriverSubject {
  const joints = IDS.map((id) => [
    `joint_${id}`,
    { position: [-2, 2], velocity: 5, servo: mount(id).servo, stop: 'park' } as const,
  ])
  const nowhere = new MemoryTransport({ connect: () => {} })
  const hardware = {
    buses: { servos: feetech({ port: nowhere }) },
    joints: Object.fromEntries(joints),
    sensors: {},
    calibration: {},
  }
  const arm = simulated(new Arm(hardware as HardwareMap))
  const make = (port: ByteTransport): DriverSubject['spec'] => ({
    family: 'feetech',
    port,
    withPort: make,
    create(env, mounts) {
      const bus = feetech({ ...options, port: between(port) }).create(env, mounts)
      return spoiled(bus, spoil(bus, env))
    },
  })
  return {
    spec: make(arm.hardware.buses.servos?.port ?? nowhere),
    servos: IDS.map(mount),
    absent: mount(99),
    powered: (id) => simulationOf(arm).servo(id).powered,
  }
}

function spoiled(bus: FeetechBus, changes: Partial<ServoBus>): ServoBus {
  const methods: Omit<ServoBus, 'isOpen'> = {
    open: () => bus.open(),
    close: () => bus.close(),
    readMotion: (ids) => bus.readMotion(ids),
    readStatus: (ids) => bus.readStatus(ids),
    writeSetpoints: (setpoints) => bus.writeSetpoints(setpoints),
    stop: (plan) => bus.stop(plan),
    stopFrame: (plan) => bus.stopFrame(plan),
    setTorque: (ids, on) => bus.setTorque(ids, on),
    readTorque: (id) => bus.readTorque(id),
    inspect: (id) => bus.inspect(id),
    configure: (id) => bus.configure(id),
    health: () => bus.health(),
    onLost: (listener) => bus.onLost(listener),
  }
  return Object.assign(Object.create({}, { isOpen: { get: () => bus.isOpen } }), methods, changes)
}

const invented = (id: number): ServoSample => ({ id, at: 0, position: 0, velocity: 0, load: 0, alarms: [] })
const cutAll = { cut: IDS, freeze: [] }

/** A port that never writes the same stop frame twice. */
const noRepetition = (port: ByteTransport): ByteTransport => ({
  ...port,
  kind: port.kind,
  address: port.address,
  baudRate: port.baudRate,
  async open(env) {
    const link = await port.open(env)
    let last = ''
    const write = (bytes: Uint8Array): void => {
      const text = bytes.toString()
      const stop = bytes[2] === 0xfe && text === last
      last = text
      if (!stop) link.write(bytes)
    }
    return {
      get isOpen() {
        return link.isOpen
      },
      write,
      onBytes: (listener) => link.onBytes(listener),
      onLost: (listener) => link.onLost(listener),
      close: () => link.close(),
    }
  },
})

const faults: Record<string, [fact: string, spoiling: Spoiling]> = {
  'leaves one out': [
    'a reading has every servo, with finite values and the time of its reply',
    { bus: (bus) => ({ readMotion: (ids) => bus.readMotion(ids ?? IDS.slice(1)) }) },
  ],
  'invents a zero for a silent servo': [
    'a silent servo is missing from a reading, and hides no other',
    { bus: (bus) => ({ readMotion: async (ids) => new Map([...(await bus.readMotion(ids)), [99, invented(99)]]) }) },
  ],
  'never asks again': [
    'a lost reply is asked for again, and the reading is complete',
    { options: { retryBudget: 0, tries: 1 } },
  ],
  'takes a garbled reply for a value': [
    'a garbled reply is never taken for a value, and is asked for again',
    {
      bus: (bus) => ({
        async readMotion(ids) {
          const before = bus.health().corrupt
          const samples = await bus.readMotion(ids)
          const wrong = bus.health().corrupt > before ? 0.5 : 0
          return new Map([...samples].map(([id, sample]) => [id, { ...sample, position: sample.position + wrong }]))
        },
      }),
    },
  ],
  'asks for ever': [
    'a line without any good reply is given up within a budget, and counted',
    { options: { retryBudget: 1000 } },
  ],
  'lies about power': [
    'inspect says what the servo is and how it is, and configure takes it',
    { bus: (bus) => ({ inspect: async (id) => ({ ...(await bus.inspect(id)), powered: true }) }) },
  ],
  'does not say which joint is silent': [
    'a silent servo is named by its joint',
    { bus: (bus) => ({ inspect: (id) => bus.inspect(id).catch(() => Promise.reject(new Error('timeout'))) }) },
  ],
  'leaves out setpoints that are no number': [
    'a setpoint that is no number is refused, and nothing is written',
    {
      bus: (bus) => ({
        writeSetpoints: (all) => bus.writeSetpoints(all.filter(({ position }) => Number.isFinite(position))),
      }),
    },
  ],
  'writes every setpoint, however old': [
    'setpoints that wait for their turn are replaced by newer ones',
    {
      bus: (bus) => {
        let line: Promise<unknown> = Promise.resolve()
        return {
          writeSetpoints(setpoints) {
            const written = line.then(() => bus.writeSetpoints(setpoints))
            line = written.catch(() => {})
            return written
          },
        }
      },
    },
  ],
  'powers a servo with its old goal': [
    'a servo that gets power stays where it stands',
    {
      bus: (bus) => ({
        async setTorque(ids, on) {
          if (!on) return bus.setTorque(ids, on)
          for (const id of ids) await bus.registers.write(id, STS3215.torque, 1)
          return new Set(ids)
        },
      }),
    },
  ],
  'gives up power-off at the first silent servo': [
    'power is confirmed servo by servo, and a silent one stops no other',
    {
      bus: (bus) => ({
        async setTorque(ids, on) {
          const done = new Set<number>()
          for (const id of ids) {
            if ((await bus.setTorque([id], on)).size === 0) break
            done.add(id)
          }
          return done
        },
      }),
    },
  ],
  'stops in a later turn': [
    'a stop is handed to the port before the call returns',
    { bus: (bus, { clock }) => ({ stop: (plan) => void clock.turn(() => bus.stop(plan)) }) },
  ],
  'waits for the open exchange before it stops': [
    'a stop takes power wherever in an exchange it comes',
    {
      bus: (bus) => {
        let open: Promise<unknown> = Promise.resolve()
        return {
          readStatus: (ids) => {
            const reading = bus.readStatus(ids)
            open = reading.catch(() => {})
            return reading
          },
          stop: (plan) => void open.then(() => bus.stop(plan)),
        }
      },
    },
  ],
  'sends a stop once': ['a stop is sent again, in case its first frame was lost', { port: noRepetition }],
  'sends a setpoint again that a stop has dropped': [
    'a stop drops setpoints that wait',
    { bus: (bus) => ({ writeSetpoints: (all) => bus.writeSetpoints(all).catch(() => bus.writeSetpoints(all)) }) },
  ],
  'goes on powering after a stop': [
    'a stop overtakes a setTorque that is under way',
    {
      bus: (bus) => ({
        async setTorque(ids, on) {
          const done = new Set<number>()
          for (const id of ids) for (const one of await bus.setTorque([id], on)) done.add(one)
          return done
        },
      }),
    },
  ],
  'cuts what it should freeze': [
    'one stop cuts servos and freezes others where they are',
    { bus: (bus) => ({ stop: () => bus.stop(cutAll) }) },
  ],
  'is deaf after a stop': [
    'after stops the bus goes on',
    {
      bus: (bus) => ({
        readMotion: (ids) => (bus.health().stops > 0 ? Promise.reject(new Error('stopped')) : bus.readMotion(ids)),
      }),
    },
  ],
  'queues without a bound': [
    'what waits is bounded, and a stop does not wait behind it',
    { options: { queueLimit: 100_000 } },
  ],
  'swallows that it cannot stop': [
    'a stop without a link throws',
    { bus: (bus) => ({ stop: (plan) => void (bus.isOpen && bus.stop(plan)) }) },
  ],
  'opens its port when it is made': [
    'making a bus opens nothing, and two calls of open open the port once',
    {
      bus: (bus) => {
        void bus.open()
        return {}
      },
    },
  ],
  'cuts the power when it is closed': [
    'close ends what is under way, writes nothing, and leaves the power as it is',
    {
      bus: (bus) => ({
        close() {
          if (bus.isOpen) bus.stop(cutAll)
          return bus.close()
        },
      }),
    },
  ],
  'reads nothing instead of refusing when it is closed': [
    'a closed bus refuses everything',
    { bus: (bus) => ({ readMotion: async (ids) => (bus.isOpen ? bus.readMotion(ids) : new Map()) }) },
  ],
  'tells a loss twice': [
    'a lost link ends what is under way and is told once',
    {
      bus: (bus) => ({
        onLost(listener) {
          bus.onLost(listener)
          return bus.onLost(listener)
        },
      }),
    },
  ],
  'says again over a new link what it was told before': [
    'a lost link can be opened again, and sends nothing of before',
    {
      bus: (bus) => ({
        async open() {
          await bus.open()
          await bus.writeSetpoints([{ id: 1, position: 0 }])
        },
      }),
    },
  ],
}

test('a sound driver passes every check, and each check is meant for something here', async () => {
  const checks = driverConformance(() => subject({}))
  expect(await failing(checks)).toEqual([])
  const facts = new Set(Object.values(faults).map(([fact]) => fact))
  expect([...facts].sort()).toEqual(checks.map(({ name }) => name).sort())
})

describe('a driver that', () => {
  test.each(Object.entries(faults).map(([fault, [fact, spoiling]]) => ({ fault, fact, spoiling })))(
    '$fault fails "$fact"',
    async ({ fact, spoiling }) => {
      const checks = driverConformance(() => subject(spoiling)).filter(({ name }) => name === fact)
      expect(await failing(checks)).toEqual([fact])
    },
  )

  test('leaves a timer fails whatever is checked', async () => {
    const leaving = subject({
      bus(_, { clock }) {
        clock.after(3600, () => {})
        return {}
      },
    })
    const [first] = driverConformance(() => leaving)
    await expect(first?.run()).rejects.toThrow(/timers are left behind/)
  })
})
