import { defineRobot, deg, service, TendonError } from 'tendon'
import type { ByteTransport, ServoBusSpec } from 'tendon/device'
import { feetech, sts3215 } from 'tendon/feetech'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { DefinitionFault } from '../../src/base/problems/definition.ts'
import { boot, codeOf, model, rejectionOf } from './fixture.ts'

const port: ByteTransport = { kind: 'none', address: 'none', open: () => Promise.reject(new Error('none')) }
const buses = { servos: feetech({ port }) }
const other = { ...buses.servos, family: 'other' } as ServoBusSpec
const range = [deg(-90), deg(90)] as const
const good = { servo: sts3215('servos', 1), position: range, velocity: 1, stop: 'cut' } as const

/** All that is wrong with a definition, by path. */
function faultsOf(make: () => unknown): Map<string, DefinitionFault> {
  try {
    make()
  } catch (error) {
    if (!(error instanceof TendonError)) throw error
    expect(error.code).toBe('TENDON_DEFINITION_INVALID')
    const { faults } = error.problem.facts as { faults: DefinitionFault[] }
    for (const { path, what, fix } of faults) for (const text of [path, what, fix]) expect(text).not.toBe('')
    return new Map(faults.map((fault) => [fault.path, fault]))
  }
  return new Map()
}

/** Definitions come from JavaScript too: what the compiler would have refused is checked again. */
const loose =
  (spec: object, commands: object = {}, name = 'arm'): (() => unknown) =>
  () =>
    defineRobot(name, spec as never).with(commands as never)
const paths = (make: () => unknown): string[] => [...faultsOf(make).keys()]
const command = (spec: object) => ({ kind: 'command', spec: { run() {}, ...spec } })

describe('a definition', () => {
  it('that is right says nothing', () => {
    expect(paths(loose({ buses, joints: { pan: good }, states: { recording: {} } }))).toEqual([])
  })

  it.each<[string, string, () => unknown]>([
    ['a bad name', 'name', loose({}, {}, '1 arm')],
    ['an unknown initial state', 'initial', loose({ states: { recording: {} }, initial: 'recordin' })],
    ['a state that every robot has', 'states.idle', loose({ states: { idle: {} } })],
    ['disarmed as a state', 'states.disarmed', loose({ states: { disarmed: {} } })],
    ['a name with a blank', 'states.on air', loose({ states: { 'on air': {} } })],
    ['a category of the runtime', 'categories.script', loose({ categories: { script: {} } })],
    ['a limit that is no number of runs', 'categories.motion.limit', loose({ categories: { motion: { limit: 0 } } })],
    ['a fractional queue', 'categories.motion.queueLength', loose({ categories: { motion: { queueLength: 1.5 } } })],
    [
      'a queue timeout of nothing',
      'categories.motion.queueTimeout',
      loose({ categories: { motion: { queueTimeout: 0 } } }),
    ],
    ['an unknown bus', 'joints.pan.servo', loose({ joints: { pan: good } })],
    [
      'a servo on a bus of another family',
      'joints.pan.servo',
      loose({ buses: { servos: other }, joints: { pan: good } }),
    ],
    [
      'a powered joint without stop policy',
      'joints.pan.stop',
      loose({ buses, joints: { pan: { ...good, stop: undefined } } }),
    ],
    ['reversed limits', 'joints.pan.position', loose({ buses, joints: { pan: { ...good, position: [1, -1] } } })],
    [
      'a limit that is not finite',
      'joints.pan.position',
      loose({ buses, joints: { pan: { ...good, position: [Number.NaN, 1] } } }),
    ],
    [
      'a joint without velocity',
      'joints.pan.velocity',
      loose({ buses, joints: { pan: { ...good, velocity: undefined } } }),
    ],
    ['a negative gear', 'joints.pan.gear', loose({ buses, joints: { pan: { ...good, gear: -2 } } })],
    ['a servo id twice on one bus', 'joints.tilt.servo', loose({ buses, joints: { pan: good, tilt: good } })],
    [
      'a servo id out of range',
      'joints.pan.servo',
      loose({ buses, joints: { pan: { ...good, servo: { ...good.servo, id: 254 } } } }),
    ],
    ['a resource that is a joint too', 'joints.pan', loose({ buses, joints: { pan: good }, resources: ['pan'] })],
    ['a resource named twice', 'resources.lamp', loose({ resources: ['lamp', 'lamp'] })],
    ['a bad name of a bus', 'buses.a b', loose({ buses: { 'a b': buses.servos } })],
    [
      'calibration of no joint',
      'calibration.pna',
      loose({ calibration: { pna: { homingOffset: 0, rangeMin: 1, rangeMax: 2 } } }),
    ],
    ['two services of a name', 'services.cam', loose({ services: [service('cam', {}), service('cam', {})] })],
    ['a reserved command name', 'commands.stop', loose({}, { stop: command({}) })],
    ['a name that would make it a promise', 'commands.then', loose({}, { then: command({}) })],
    ['an unknown allowed state', 'commands.go.allowed', loose({}, { go: command({ allowed: ['recordin'] }) })],
    ['a command allowed nowhere', 'commands.go.allowed', loose({}, { go: command({ allowed: [] }) })],
    ['an unknown category', 'commands.go.category', loose({}, { go: command({ category: 'moton' }) })],
    ['an unknown category to cancel', 'commands.go.cancels', loose({}, { go: command({ cancels: ['moton'] }) })],
    ['an unknown claim', 'commands.go.claims', loose({}, { go: command({ claims: ['pan'] }) })],
    ['an unknown during', 'commands.go.during', loose({}, { go: command({ during: 'playing' }) })],
    ['disarmed as during', 'commands.go.during', loose({}, { go: command({ during: 'disarmed' }) })],
    ['a deadline of nothing', 'commands.go.deadline', loose({}, { go: command({ deadline: 0 }) })],
    ['a grace without end', 'commands.go.grace', loose({}, { go: command({ grace: Number.POSITIVE_INFINITY }) })],
    ['a priority that is no number', 'commands.go.priority', loose({}, { go: command({ priority: Number.NaN }) })],
    [
      'an async goal schema',
      'commands.go.goal',
      loose({}, { go: command({ goal: z.string().refine(async () => true) }) }),
    ],
    [
      'joints that go on after a stop',
      'commands.go.onSafety',
      loose({ buses, joints: { pan: good } }, { go: command({ claims: ['pan'], onSafety: 'continue' }) }),
    ],
    [
      'a fault in what a command uses',
      'commands.go.uses.child.category',
      loose({}, { go: command({ uses: { child: command({ category: 'x' }) } }) }),
    ],
    ['an impossible limit', 'limits.maxRuns', loose({ limits: { maxRuns: -1 } })],
    ['a limit of another name', 'limits.maxRun', loose({ limits: { maxRun: 3 } })],
    ['a fractional count', 'limits.inbox', loose({ limits: { inbox: 1.5 } })],
    ['a grace longer than the deadline', 'limits.grace', loose({ limits: { grace: 60 } })],
  ])('names %s, at %s', (_, path, make) => {
    expect(paths(make)).toContain(path)
  })

  it('reports everything at once, each with its path, what is wrong, and what to write', () => {
    const faults = faultsOf(
      loose(
        {
          states: { recording: {} },
          initial: 'recordng',
          buses,
          joints: { pan: { ...good, stop: undefined, position: [1, 0] } },
        },
        { stop: command({ category: 'nowhere' }), go: command({ allowed: ['idel'] }) },
      ),
    )
    expect([...faults.keys()].sort()).toEqual([
      'commands.go.allowed',
      'commands.stop',
      'commands.stop.category',
      'initial',
      'joints.pan.position',
      'joints.pan.stop',
    ])
    expect(faults.get('initial')?.fix).toContain('recording')
    expect(faults.get('commands.go.allowed')?.fix).toContain('idle')
  })

  it('takes for its rest command only one of its commands', () => {
    const stranger = model.command({ run() {} })
    expect(paths(() => model.with({}).rest(stranger as never))).toEqual(['restCommand'])
  })

  it('is checked with the limits of its start, too', async () => {
    expect(codeOf(await rejectionOf(boot(model.with({}), { limits: { maxRuns: 0 } })))).toBe(
      'TENDON_DEFINITION_INVALID',
    )
  })

  it('gives a command that has two names two names', async () => {
    const twin = model.command({ allowed: ['disarmed'], category: 'many', run: ({ command: name }) => name })
    const both = model.command({
      allowed: ['disarmed'],
      uses: { mine: twin },
      run: ({ robot }) => robot.mine().value(),
    })
    const { robot, now } = await boot(model.with({ a: twin, b: twin, both }))
    expect([await now(robot.a().value()), await now(robot.b().value()), await now(robot.both().value())]).toEqual([
      'a',
      'b',
      'mine',
    ])
  })
})
