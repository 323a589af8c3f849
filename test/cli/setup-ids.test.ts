import { afterEach, describe, expect, it } from 'vitest'
import { atTerminal, type Session } from './at-terminal.ts'
import { ownFolders, tendon } from './command-line.ts'
import { type ServoLine, servoLine } from './servo-line.ts'
import turret from './turret.ts'

const LONG = 60_000
/** Where the search looks here: all ids at all rates is a matter of half a minute. The wait is for a busy machine. */
const search = (ids: string, baud: string): string[] => ['--ids', ids, '--baud', baud, '--wait', '700ms']
const TURRET = 'test/cli/turret.ts'

// Two servos as they come from the factory: both have the id 1, and one has another baud rate.
describe('tendon setup-ids', { timeout: LONG }, () => {
  const env = ownFolders()
  let line: ServoLine
  let session: Session | undefined
  const factory = {
    joints: { pan: { registers: { baudIndex: 1 } }, tilt: { registers: { id: 1 } } },
    initial: { tilt: 0.4 },
  }
  const begin = async (plugged: readonly string[], options = {}) => {
    line = await servoLine(turret, { ...factory, ...options })
    for (const joint of ['pan', 'tilt']) if (!plugged.includes(joint)) line.plugged.delete(joint)
  }
  const setup = (...args: string[]) =>
    tendon(['setup-ids', TURRET, ...search('1-2', '1000000'), ...args], undefined, { ...env, TURRET_PORT: line.path })
  afterEach(async () => {
    await session?.close()
    session = undefined
    await line.close()
  })

  it('walks from joint to joint, one servo on the line at a time; each has its id and its rate for good', async () => {
    await begin(['pan'])
    session = await atTerminal(['setup-ids', TURRET, ...search('1', '1000000,500000')], {
      ...env,
      TURRET_PORT: line.path,
    })
    await session.until(/\[1\/2\] connect only the servo of pan \(id 1\), press Enter/)
    session.type('\n')
    await session.until(/✓ pan: id 1, 1000000 baud \(was 1 at 500000 baud\)/)
    await session.until(/\[2\/2\] connect only the servo of tilt \(id 2\)/)
    // Both of them: refused, and asked again.
    line.plugged.add('tilt')
    session.type('\n')
    await session.until(/TENDON_SERVO_ID_TWICE[\s\S]*\[2\/2\] connect/)
    line.plugged.delete('pan')
    session.type('\n')
    await session.until(/✓ tilt: id 2, 1000000 baud \(was 1 at 1000000 baud\)/)
    expect(await session.ended).toBe(0)
    line.world.powerCycle()
    const held = ['pan', 'tilt'].map((joint) => ['id', 'baudIndex', 'lock'].map((name) => line.register(joint, name)))
    expect(held).toEqual([
      [1, 0, 1],
      [2, 0, 1],
    ])
  })

  it('can be gone through again: a servo that is set up already is ticked off and not written; one can be skipped', async () => {
    await begin(['pan'], { joints: {} })
    session = await atTerminal(['setup-ids', TURRET, ...search('1', '1000000')], { ...env, TURRET_PORT: line.path })
    await session.until(/\[1\/2\]/)
    session.type('\n')
    await session.until(/✓ pan: id 1, 1000000 baud \(nothing to change\)[\s\S]*\[2\/2\]/)
    session.type('s\n')
    expect(await session.ended).toBe(1)
    expect(session.text()).toContain('1 skipped; run it again for those')
    expect(new Set(line.heard)).toEqual(new Set([2]))
  })

  it('without a terminal asks nobody and does nothing, and says how to do one by one', async () => {
    await begin(['pan'])
    const { code, err } = await setup()
    expect(code).toBe(2)
    expect(err).toContain(`tendon setup-ids ${TURRET} --joint pan --from 1`)
    expect(line.heard).toEqual([])
  })

  it('--joint and --from set one up in one call, and refuse another servo than the one that was named', async () => {
    await begin(['tilt'])
    const wrong = await setup('--joint', 'tilt', '--from', '2')
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('has the id 1, not 2')])
    expect(line.register('tilt', 'id')).toBe(1)
    const { code, out } = await setup('--joint', 'tilt', '--from', '1', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ type: 'set_up', joint: 'tilt', id: 2, from: 1, changed: true })
    expect(line.register('tilt', 'id')).toBe(2)
  })

  it('never writes to a line with two servos on it', async () => {
    await begin(['pan', 'tilt'], { joints: {} })
    const { code, err } = await setup('--joint', 'tilt', '--from', '2')
    expect([code, err]).toEqual([1, expect.stringContaining('TENDON_SEVERAL_SERVOS')])
    expect(new Set(line.heard)).toEqual(new Set([2]))
  })
})
