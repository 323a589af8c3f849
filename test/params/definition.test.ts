import { defineRobot, deg, fromParam, param, TendonError } from 'tendon'
import type { ByteTransport } from 'tendon/device'
import { feetech, sts3215 } from 'tendon/feetech'
import { describe, expect, it } from 'vitest'
import type { DefinitionFault } from '../../src/base/problems/definition.ts'
import { parameters } from './fixture.ts'

const port: ByteTransport = { kind: 'none', address: 'none', open: () => Promise.reject(new Error('none')) }
const buses = { servos: feetech({ port }) }
const joint = { servo: sts3215('servos', 1), position: [deg(-90), deg(90)], velocity: 1, stop: 'cut' }
const go = (options: object) => ({ kind: 'command', spec: { run() {}, ...options } })

/** Definitions come from JavaScript too: what the compiler would have refused is checked again. */
function faultsOf(spec: object, commands: object = {}): Map<string, DefinitionFault> {
  try {
    defineRobot('arm', spec as never).with(commands as never)
    return new Map()
  } catch (error) {
    if (!(error instanceof TendonError)) throw error
    const { faults } = error.problem.facts as { faults: DefinitionFault[] }
    for (const { path, what, fix } of faults) for (const text of [path, what, fix]) expect(text).not.toBe('')
    return new Map(faults.map((fault) => [fault.path, fault]))
  }
}
const withOption = (options: object, more: object = {}) =>
  faultsOf({ parameters: { ...parameters, ...more } }, { go: go(options) })
const withJoint = (options: object, more: object = {}) =>
  faultsOf({ buses, joints: { pan: { ...joint, ...options } }, parameters: { ...parameters, ...more } })

describe('the parameters of a definition', () => {
  it('that are right say nothing', () => {
    expect(faultsOf({ parameters })).toEqual(new Map())
  })

  it.each<[string, string, object]>([
    ['a name with a blank', 'parameters.top speed', { 'top speed': param.flag({ default: true }) }],
    ['a default below its minimum', 'parameters.p.default', { p: param.number({ default: 0, min: 1 }) }],
    ['a default that is no number', 'parameters.p.default', { p: param.number({ default: Number.NaN }) }],
    ['a default between the steps', 'parameters.p.default', { p: param.number({ default: 0.5, step: 1 }) }],
    ['a broken default of an integer', 'parameters.p.default', { p: param.integer({ default: 0.5 }) }],
    ['a default that is no choice', 'parameters.p.default', { p: param.choice(['a', 'b'], { default: 'c' as 'a' }) }],
    ['a default that is too long', 'parameters.p.default', { p: param.text({ default: 'long', maxLength: 3 }) }],
    ['a flag that is no flag', 'parameters.p.default', { p: param.flag({ default: 'on' as unknown as boolean }) }],
    ['limits the wrong way round', 'parameters.p.min', { p: param.number({ default: 1, min: 2, max: 0 }) }],
    ['a limit that is not finite', 'parameters.p.max', { p: param.number({ default: 1, max: Infinity }) }],
    ['a step of nothing', 'parameters.p.step', { p: param.number({ default: 0, step: 0 }) }],
    ['a broken step of an integer', 'parameters.p.step', { p: param.integer({ default: 0, step: 0.5 }) }],
    ['another spelling of a unit', 'parameters.p.unit', { p: param.number({ default: 0, unit: 'degrees' }) }],
    ['a unit in capitals', 'parameters.p.unit', { p: param.number({ default: 0, unit: 'DEG' }) }],
    ['nothing to choose from', 'parameters.p.choices', { p: param.choice([], { default: 'a' as never }) }],
    ['a choice named twice', 'parameters.p.choices', { p: param.choice(['a', 'a'], { default: 'a' }) }],
    ['a length of nothing', 'parameters.p.maxLength', { p: param.text({ default: '', maxLength: 0 }) }],
    [
      'a pattern with a memory',
      'parameters.p.pattern',
      { p: param.text({ default: 'a', maxLength: 2, pattern: /a/g }) },
    ],
  ])('name %s, at %s', (_, path, wrong) => {
    expect([...faultsOf({ parameters: wrong }).keys()]).toContain(path)
  })

  it('a command cannot be called parameters', () => {
    expect([...faultsOf({}, { parameters: go({}) }).keys()]).toEqual(['commands.parameters'])
  })
})

describe('an option from a parameter', () => {
  it('that fits says nothing', () => {
    const wait = param.duration({ default: 1, min: 0.1 })
    expect(
      withOption(
        { deadline: fromParam('patience'), grace: fromParam('wait'), priority: fromParam('retries') },
        { wait },
      ),
    ).toEqual(new Map())
    expect(withOption({ speed: fromParam('cruise') })).toEqual(new Map())
    const speed = param.number({ default: 1, min: 0.1, max: 2, unit: 'deg/s' })
    expect(withJoint({ velocity: fromParam('speed'), acceleration: fromParam('cruise') }, { speed })).toEqual(new Map())
  })

  it.each<[string, string, ReturnType<typeof withOption>, RegExp]>([
    [
      'an unknown one',
      'commands.go.deadline',
      withOption({ deadline: fromParam('patienc') }),
      /no parameter 'patienc'/,
    ],
    ['a flag', 'commands.go.priority', withOption({ priority: fromParam('quiet') }), /is a flag/],
    [
      'one that can be no deadline',
      'commands.go.deadline',
      withOption({ deadline: fromParam('p') }, { p: param.duration({ default: 1, min: 0 }) }),
      /can be 0 s, and this option must be above 0/,
    ],
    [
      'one without a minimum as a grace',
      'commands.go.grace',
      withOption({ grace: fromParam('p') }, { p: param.duration({ default: 1 }) }),
      /can be anything below, and this option must be at least 0/,
    ],
    [
      'one that is more than a whole speed',
      'commands.go.speed',
      withOption({ speed: fromParam('p') }, { p: param.number({ default: 1, min: 0.1, max: 1.5 }) }),
      /can be 1.5, and this option must be at most 1/,
    ],
    [
      'one of another quantity',
      'commands.go.deadline',
      withOption({ deadline: fromParam('p') }, { p: param.number({ default: 1, min: 1, unit: 'deg' }) }),
      /is in deg, and this option in s/,
    ],
    [
      'one without a maximum as a joint’s velocity',
      'joints.pan.velocity',
      withJoint({ velocity: fromParam('p') }, { p: param.number({ default: 1, min: 0.1 }) }),
      /has no largest value/,
    ],
    [
      'one that can be nothing as a joint’s acceleration',
      'joints.pan.acceleration',
      withJoint({ acceleration: fromParam('p') }, { p: param.number({ default: 1, min: 0, max: 2 }) }),
      /must be above 0/,
    ],
    [
      'an unknown one of a joint',
      'joints.pan.velocity',
      withJoint({ velocity: fromParam('crise') }),
      /no parameter 'crise'/,
    ],
    [
      'one in what a command uses',
      'commands.go.uses.child.grace',
      withOption({ uses: { child: go({ grace: fromParam('gone') }) } }),
      /no parameter 'gone'/,
    ],
  ])('names %s, at %s', (_, path, faults, what) => {
    expect([...faults.keys()]).toEqual([path])
    expect(faults.get(path)?.what).toMatch(what)
  })

  it('proposes the near numbers, not near flags', () => {
    expect(withOption({ deadline: fromParam('patienc') }).get('commands.go.deadline')?.fix).toBe('Use patience.')
    expect(withOption({ priority: fromParam('quiet') }).get('commands.go.priority')?.fix).not.toContain('quiet')
    expect(faultsOf({}, { go: go({ deadline: fromParam('wait') }) }).get('commands.go.deadline')?.fix).toContain(
      'wait:',
    )
  })

  it('leaves the hardware with what the joint can do: the largest value', () => {
    const spin = param.number({ default: 1, min: 0.1, max: 2 })
    const arm = defineRobot('arm', {
      buses,
      parameters: { spin },
      joints: { pan: { servo: sts3215('servos', 1), position: [-1, 1], velocity: fromParam('spin'), stop: 'cut' } },
    }).with({})
    expect(arm.hardware.joints.pan?.velocity).toBe(2)
  })

  it('a share of speed that is no share is a fault of the definition', () => {
    expect([...withOption({ speed: 1.5 }).keys()]).toEqual(['commands.go.speed'])
  })
})
