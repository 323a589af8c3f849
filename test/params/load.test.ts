import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { defineRobot, deg, fileStorage, memoryStorage, param, type RobotEvent, type Storage } from 'tendon'
import type { ByteTransport } from 'tendon/device'
import { feetech } from 'tendon/feetech'
import { VirtualClock } from 'tendon/testing'
import { describe, expect, it } from 'vitest'
import { faultsOf } from '../../src/define/parameter.ts'
import { start } from '../../src/runtime/start.ts'
import { boot, codeOf, rejectionOf } from '../kernel/fixture.ts'
import { desk, documentIn, failingStorage, PLACE, parameters, problemOf, stored } from './fixture.ts'

const quarantines = (robot: { log: { entries(): RobotEvent[] } }) =>
  robot.log.entries().flatMap((event) => (event.type === 'parameter_quarantined' ? [event.problem] : []))

describe('at start', () => {
  it('stored values that the definition takes are in force, and the storage is not written to', async () => {
    const text = stored({ cruise: 0.2, quiet: true, label: 'bob' })
    const storage = memoryStorage({ [PLACE]: text })
    const { robot } = await boot(desk, { storage })
    expect(robot.parameters.all().map(({ value }) => value)).toEqual([0.2, deg(30), 2, 3, true, 'slow', 'bob'])
    expect(await storage.read(PLACE)).toBe(text)
    expect(quarantines(robot)).toEqual([])
  })

  it('nothing stored means the defaults, without a word', async () => {
    const storage = memoryStorage()
    const { robot } = await boot(desk, { storage })
    expect(robot.parameters.all().every(({ value, default: usual }) => value === usual)).toBe(true)
    expect(robot.log.entries()).toEqual([])
    expect(await storage.read(PLACE)).toBeUndefined()
  })

  it('a bad value is put aside with its reason, named, and the default is used; the good ones count', async () => {
    const storage = memoryStorage({ [PLACE]: stored({ reach: deg(120), cruise: 0.2, pace: 'warp' }) })
    const { robot } = await boot(desk, { storage })
    expect(robot.parameters.get('reach')).toBe(deg(30))
    expect(robot.parameters.get('pace')).toBe('slow')
    expect(robot.parameters.get('cruise')).toBe(0.2)
    const [reach, pace] = quarantines(robot)
    expect(reach).toMatchObject({
      code: 'TENDON_PARAMETER_QUARANTINED',
      severity: 'notice',
      power: 'unchanged',
      facts: { name: 'reach', stored: deg(120), issues: ['is 120 deg, above its maximum 90 deg'], used: '30 deg' },
      fix: "Decide what it should be, then: tendon param set reach '30 deg'",
    })
    expect(pace?.what).toContain('warp')
    const { values, quarantined } = await documentIn(storage)
    expect(values).toEqual({ cruise: 0.2 })
    expect(quarantined).toEqual([
      { name: 'reach', value: deg(120), reasons: ['is 120 deg, above its maximum 90 deg'], at: Date.UTC(2026, 0, 1) },
      { name: 'pace', value: 'warp', reasons: ['must be slow or fast, and is warp'], at: Date.UTC(2026, 0, 1) },
    ])
  })

  it('says it once: the next start finds a document in order, and the list of what was put aside does not grow', async () => {
    const storage = memoryStorage({ [PLACE]: stored({ cruise: 7 }) })
    const first = await boot(desk, { storage })
    await first.now(first.robot.close())
    const second = await boot(desk, { storage })
    expect(quarantines(second.robot)).toEqual([])
    const { quarantined } = await documentIn(storage)
    await storage.write(PLACE, stored({ cruise: 7 }, { quarantined }))
    const third = await boot(desk, { storage })
    expect(quarantines(third.robot)).toHaveLength(1)
    expect((await documentIn(storage)).quarantined).toHaveLength(1)
  })

  it('what was put aside before stays there, whoever wrote it, when more is put aside and when a value is set', async () => {
    const earlier = [{ name: 'cruise', value: 9, reasons: ['is 9'], at: 1 }, 'a scribble of somebody']
    const storage = memoryStorage({ [PLACE]: stored({ cruise: 7 }, { quarantined: earlier }) })
    const { robot, now } = await boot(desk, { storage })
    await now(robot.parameters.set('quiet', true))
    const { quarantined } = await documentIn(storage)
    expect(quarantined).toMatchObject([...earlier, { name: 'cruise', value: 7 }])
  })

  it('values of other versions are kept through every change, and noted once', async () => {
    const storage = memoryStorage({ [PLACE]: stored({ old: { deep: [1] }, cruise: 0.2 }, { author: 'me' }) })
    const { robot, now } = await boot(desk, { storage })
    expect(robot.log.entries()).toMatchObject([{ what: 'parameters.unknown', facts: { names: ['old'] } }])
    await now(robot.parameters.set('cruise', 0.3))
    await now(robot.parameters.reset('cruise'))
    expect(await documentIn(storage)).toEqual({
      format: 1,
      values: { old: { deep: [1] } },
      quarantined: [],
      author: 'me',
    })
  })

  it.each<[string, string]>([
    ['is not JSON', '{"format":1,'],
    ['is of another format', JSON.stringify({ format: 2, values: { cruise: 0.2 } })],
    ['has no format', '{}'],
    ['is a list', '[1]'],
    ['has values that are a list', JSON.stringify({ format: 1, values: [] })],
    ['has a quarantine that is no list', JSON.stringify({ format: 1, values: {}, quarantined: 'gone' })],
    ['holds a number that no double holds', '{"format":1,"values":{"cruise":1e999}}'],
    ['is deeper than can be read', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('a document that %s is put aside as a whole, as it was, and the defaults are used', async (_, text) => {
    const storage = memoryStorage({ [PLACE]: text, [`${PLACE}-quarantined-1`]: 'an earlier one' })
    const { robot, now } = await boot(desk, { storage })
    expect(robot.parameters.get('cruise')).toBe(0.5)
    expect(quarantines(robot)).toMatchObject([
      { code: 'TENDON_PARAMETERS_QUARANTINED', severity: 'notice', facts: { kept: `${PLACE}-quarantined-2` } },
    ])
    expect(await storage.read(`${PLACE}-quarantined-2`)).toBe(text)
    expect(await storage.read(`${PLACE}-quarantined-1`)).toBe('an earlier one')
    await now(robot.parameters.set('cruise', 0.2))
    expect((await documentIn(storage)).values).toEqual({ cruise: 0.2 })
  })

  it('a storage that cannot be read rejects the start, before any hardware is opened', async () => {
    let opened = 0
    const port: ByteTransport = {
      kind: 'none',
      address: 'none',
      open() {
        opened++
        return Promise.reject(new Error('none'))
      },
    }
    const wired = defineRobot('desk', { parameters, buses: { servos: feetech({ port }) } }).with({})
    const { storage, failing } = failingStorage({ [PLACE]: stored({ cruise: 0.2 }) })
    failing.reads = 1
    const clock = new VirtualClock()
    const found = await problemOf(clock.run(start(wired, { storage, clock })))
    expect(found).toMatchObject({ code: 'TENDON_PARAMETERS_UNREADABLE', power: 'unchanged' })
    expect(found.what).toContain('EIO')
    expect([opened, clock.pending]).toEqual([0, 0])
    // The same robot with its storage in order goes on to open its bus.
    await rejectionOf(clock.run(start(wired, { storage, clock })))
    expect(opened).toBe(1)
  })

  it('a storage that does not answer rejects the start after limits.storageTimeout', async () => {
    const storage: Storage = { ...memoryStorage(), read: () => new Promise(() => {}) }
    const clock = new VirtualClock()
    const found = await problemOf(clock.run(start(desk, { storage, clock, limits: { storageTimeout: 3 } })))
    expect(found).toMatchObject({ code: 'TENDON_PARAMETERS_UNREADABLE' })
    expect(clock.now()).toBe(3)
  })

  it('a robot without parameters does not touch its storage', async () => {
    const { storage, failing } = failingStorage({ 'bare/parameters': 'not JSON' })
    failing.reads = 1
    await boot(defineRobot('bare', {}).with({}), { storage })
    expect(failing.reads).toBe(1)
  })
})

describe('at start on a storage that can be read and not written', () => {
  it('a bad value is not used, stays where it is, and is put aside by the next change', async () => {
    const text = stored({ cruise: 7 })
    const { storage, failing, kept } = failingStorage({ [PLACE]: text })
    failing.writes = 1
    const { robot, now } = await boot(desk, { storage })
    expect(robot.parameters.get('cruise')).toBe(0.5)
    expect(await kept.read(PLACE)).toBe(text)
    expect(robot.log.entries()).toContainEqual(expect.objectContaining({ what: 'parameters.not_stored' }))
    await now(robot.parameters.set('quiet', true))
    expect(await documentIn(kept)).toMatchObject({
      values: { quiet: true },
      quarantined: [{ name: 'cruise', value: 7 }],
    })
  })

  it('a document that cannot be used is never written over before it was put aside', async () => {
    const { storage, failing, kept } = failingStorage({ [PLACE]: 'not JSON' })
    failing.lists = 1
    const { robot, now } = await boot(desk, { storage })
    expect(quarantines(robot)).toMatchObject([{ facts: { kept: undefined } }])
    Object.assign(failing, { writes: 3 })
    expect(codeOf(await now(rejectionOf(robot.parameters.set('cruise', 1))))).toBe('TENDON_PARAMETER_STORE_FAILED')
    expect(await kept.read(PLACE)).toBe('not JSON')
    failing.writes = 0
    await now(robot.parameters.set('cruise', 1))
    expect(await kept.read(`${PLACE}-quarantined-1`)).toBe('not JSON')
    expect((await documentIn(kept)).values).toEqual({ cruise: 1 })
  })
})

describe('in files', () => {
  it('a crash between the write and its move leaves the old value in force', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tendon-params-'))
    try {
      // A disk keeps its own time, so these robots have the clock of the machine.
      const first = await start(desk, { storage: fileStorage(folder) })
      await first.parameters.set('cruise', 0.2)
      await first.close()
      // What a process leaves that is killed there: the new text beside the old one, whole or not.
      await writeFile(join(folder, 'desk', 'parameters.json.7-1.new'), stored({ cruise: 1 }).slice(0, 20))
      await using second = await start(desk, { storage: fileStorage(folder) })
      expect(second.parameters.get('cruise')).toBe(0.2)
      expect(quarantines(second)).toEqual([])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('a file of bytes that are no text rejects the start and stays as it is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tendon-params-'))
    try {
      const file = join(folder, 'desk', 'parameters.json')
      const bytes = Buffer.from([0x7b, 0xff, 0x7d])
      await mkdir(join(folder, 'desk'))
      await writeFile(file, bytes)
      const failed = rejectionOf(start(desk, { storage: fileStorage(folder) }))
      expect(codeOf(await failed)).toBe('TENDON_PARAMETERS_UNREADABLE')
      expect(await readFile(file)).toEqual(bytes)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

/** Names that are parameters, names that are none, and names that JavaScript has plans of its own for. */
const names = fc.constantFrom(...Object.keys(parameters), 'gone', '__proto__', 'constructor', 'toString', '')
const values = fc.oneof(
  fc.constantFrom<unknown>(0.2, deg(45), 61, -1, true, false, 'slow', 'fast', 'warp', 'bob', 'BOB', null, -0, 1e300),
  fc.jsonValue({ maxDepth: 2 }),
)
const documents = fc
  .array(fc.tuple(names, values), { maxLength: 8 })
  .map((pairs) => JSON.stringify({ format: 1, values: Object.fromEntries(pairs), other: 'kept' }))
const texts = fc.oneof(
  { weight: 4, arbitrary: documents },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string() },
  // Damage in the middle of a good one.
  {
    weight: 2,
    arbitrary: fc.tuple(documents, fc.nat(), fc.string({ maxLength: 3 })).map(([text, at, noise]) => {
      const cut = at % (text.length + 1)
      return text.slice(0, cut) + noise + text.slice(cut + noise.length)
    }),
  },
)

describe('whatever is stored', () => {
  it('the robot starts, every value in force is one that its parameter takes, and nothing stored is lost', {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const storage = memoryStorage({ [PLACE]: text })
        const clock = new VirtualClock()
        const robot = await clock.run(start(desk, { storage, clock }))
        for (const { name, value } of robot.parameters.all())
          expect(faultsOf(parameters[name as keyof typeof parameters], value)).toEqual([])
        await clock.run(robot.parameters.set('label', 'new'))
        await clock.run(robot.close())
        expect(clock.pending).toBe(0)
        await expectKept(text, storage)
      }),
      { numRuns: 300 },
    )
  })
})

/** Each value of the text is still among the values, or in the quarantine, or the whole text is kept as it was. */
async function expectKept(text: string, storage: Storage): Promise<void> {
  if ((await storage.read(`${PLACE}-quarantined-1`)) === text) return
  const before = JSON.parse(text) as { values?: object }
  const { values, quarantined, ...others } = (await documentIn(storage)) as unknown as {
    values: Record<string, unknown>
    quarantined: { name: string; value: unknown }[]
  }
  for (const [name, value] of Object.entries(before.values ?? {})) {
    const kept = [...(Object.hasOwn(values, name) ? [values[name]] : [])]
    for (const aside of quarantined) if (aside.name === name) kept.push(aside.value)
    // The one that the test itself has set: what was there before is in force no more, as it was asked for.
    if (name === 'label' && kept.at(-1) === 'new') continue
    expect(kept.map((each) => JSON.stringify(each))).toContain(JSON.stringify(value))
  }
  const { format: _, values: __, quarantined: ___, ...rest } = before as Record<string, unknown>
  expect(others).toMatchObject(rest)
}

describe('a parameter of any name that a definition takes', () => {
  it('may be called like something that every object has', async () => {
    const odd = defineRobot('odd', { parameters: { constructor: param.flag({ default: false }) } }).with({})
    const { robot, now } = await boot(odd)
    await now(robot.parameters.set('constructor', true))
    expect(robot.parameters.get('constructor')).toBe(true)
  })
})
