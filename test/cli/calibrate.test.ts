import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deg, type ServoCalibration } from 'tendon/device'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import so101 from '../../robots/so101/robot.ts'
import { calibrationIssues, shortfall } from '../../src/cli/setup/calibration-check.ts'
import { calibrationFile } from '../../src/cli/setup/calibration-file.ts'
import { fromLeRobot, toLeRobot } from '../../src/cli/setup/lerobot.ts'
import { centringOffset, RangeTracker } from '../../src/cli/setup/range-tracker.ts'
import { atTerminal, type Session } from './at-terminal.ts'
import { ownFolders, tendon } from './command-line.ts'
import { type ServoLine, servoLine } from './servo-line.ts'
import turret from './turret.ts'

const LONG = 60_000
/** How long a busy machine may take; nobody is silent here but one. */
const WAIT = '1s'
const FEETECH = { steps: 4096, centre: 2048 }
const mod = (value: number): number => ((value % 4096) + 4096) % 4096

describe('a shaft that a hand turns', () => {
  /** What register 56 shows of a shaft that is here, with this offset. */
  const shown = (own: number, offset: number): number => mod(own - offset)

  it('gets the offset that makes where it is the middle, whatever offset it has now and wherever its encoder wraps', () => {
    for (const own of [0, 1, 700, 2047, 2048, 2049, 3000, 4095])
      for (const held of [0, 1290, -1034, 2047, -2047]) {
        const offset = centringOffset(shown(own, held), held, FEETECH)
        expect(Math.abs(offset)).toBeLessThanOrEqual(2047)
        // Half a turn away there is no such offset: a step less is the most that the register holds.
        expect(Math.abs(shown(own, offset) - 2048)).toBeLessThanOrEqual(own === 0 ? 1 : 0)
      }
  })

  it('is followed over the edge of the register, and its range is what the servo will show', () => {
    for (const begin of [100, 2048, 4000]) {
      const held = 300
      const tracker = new RangeTracker(shown(begin, held), held, FEETECH)
      const way = [...Array(12).keys()].map((step) => begin - step * 100)
      const back = [...Array(25).keys()].map((step) => begin - 1100 + step * 100)
      for (const own of [...way, ...back]) tracker.take(shown(mod(own), held))
      expect(tracker.calibration).toMatchObject({ rangeMin: 2048 - 1100, rangeMax: 2048 + 1300 })
      expect(shown(mod(begin + 1300), tracker.offset)).toBe(2048 + 1300)
    }
  })

  it('with an offset that is added gets one of the other sign', () => {
    const added = { ...FEETECH, addsOffset: true }
    expect(centringOffset(3000, 0, added)).toBe(2048 - 3000)
    expect(new RangeTracker(3000, 0, added).position).toBe(2048)
    expect(new RangeTracker(3000, 500, added).offset).toBe(2048 - 2500)
  })
})

describe('a calibration that does not fit', () => {
  const pan = turret.hardware.joints.pan
  if (!pan) throw new Error('the turret has no pan')
  const reasons = (calibration: Partial<ServoCalibration>) =>
    calibrationIssues('pan', pan, { homingOffset: 0, rangeMin: 1000, rangeMax: 3100, ...calibration }, FEETECH).map(
      ({ reason }) => reason,
    )
  it('is none where it fits', () => {
    expect(reasons({})).toEqual([])
  })
  it.each([
    [{ homingOffset: 2048 }, 'its offset 2048 is not within -2047 to 2047'],
    [{ rangeMax: 4096 }, 'its range 1000 to 4096 is not within 0 to 4095'],
    [{ rangeMin: -1 }, 'its range -1 to 3100 is not within 0 to 4095'],
    [{ rangeMin: 3100 }, 'its range ends at 3100, where it begins (3100) or before'],
    [
      { rangeMin: 2000, rangeMax: 2100 },
      'it was not moved through its range: 100 steps, and its limits are 2048 apart',
    ],
  ])('%j is refused with its reason', (calibration, reason) => {
    expect(reasons(calibration)).toEqual([expect.stringContaining(reason)])
  })
  it('is told, and not refused, where a range ends before the limits of the joint', () => {
    expect(shortfall(pan, { homingOffset: 0, rangeMin: 1500, rangeMax: 3072 }, FEETECH)).toContain('42 degrees before')
    expect(shortfall(pan, { homingOffset: 0, rangeMin: 1024, rangeMax: 3072 }, FEETECH)).toBeUndefined()
  })
})

const joints = [
  { joint: 'pan', id: 1 },
  { joint: 'tilt', id: 2 },
]
const motor = (id: number, more: object = {}) => ({
  id,
  drive_mode: 0,
  homing_offset: -700 * id,
  range_min: 900 + id,
  range_max: 3200,
  ...more,
})

describe('a calibration of LeRobot', () => {
  const read = (file: unknown) => fromLeRobot(JSON.stringify(file), joints)

  it('is read, and written again is the same', () => {
    const file = { pan: motor(1), tilt: motor(2) }
    const found = read(file)
    if (!('calibrations' in found)) throw new Error(JSON.stringify(found))
    expect(found.calibrations.get('tilt')).toEqual({ homingOffset: -1400, rangeMin: 902, rangeMax: 3200 })
    expect(JSON.parse(toLeRobot(joints, found.calibrations))).toEqual(file)
  })

  it('of the SO-101 comes back as it went, from calibration.json and to it', () => {
    const chain = Object.entries(so101.hardware.joints).map(([joint, { servo }]) => ({ joint, id: servo?.id ?? 0 }))
    const own = new Map(Object.entries(so101.hardware.calibration))
    expect(fromLeRobot(toLeRobot(chain, own), chain)).toEqual({ calibrations: own })
  })

  it.each([
    ['a joint that is missing', { pan: motor(1) }, ['tilt: it is missing in the file']],
    ['another id', { pan: motor(1), tilt: motor(3) }, ["tilt: its id is 3, and the robot's is 2"]],
    [
      'a motor that is reversed there',
      { pan: motor(1, { drive_mode: 1 }), tilt: motor(2) },
      ['pan: its drive_mode is 1, and only 0 is taken'],
    ],
    [
      'joints that the robot has not',
      { pan: motor(1), tilt: motor(2), roll: motor(3), jaw: motor(4) },
      ['roll: the robot has no such joint', 'jaw: the robot has no such joint'],
    ],
    [
      'several at once',
      { pan: motor(9, { drive_mode: 1 }), tilt: motor(2, { range_min: '900', homing_offset: 1.5 }) },
      [
        "pan: its id is 9, and the robot's is 1",
        'pan: its drive_mode is 1, and only 0 is taken',
        'tilt: homing_offset, range_min must be whole numbers',
      ],
    ],
    ['a list', [], ['the file: it is no JSON object of motors by joint']],
  ])('with %s is refused, each joint with its reason', (_what, file, wanted) => {
    const found = read(file)
    const told = 'issues' in found ? found.issues.map(({ joint, reason }) => `${joint}: ${reason}`) : []
    expect(told).toEqual(wanted)
  })
})

// A robot in a folder of its own, beside its calibration, and its servos behind a real serial port.
describe('tendon calibrate', { timeout: LONG }, () => {
  let folder: string
  let robot: string
  let line: ServoLine
  let session: Session | undefined
  const env = () => ({ ...ownFolders(), TURRET_PORT: line.path })
  const held = (joint: string) =>
    ['positionOffset', 'minPosition', 'maxPosition'].map((register) => line.register(joint, register))
  const file = (name = 'calibration.json'): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'))
  const OLD = { pan: { homingOffset: 5, rangeMin: 1000, rangeMax: 3000 } }
  beforeEach(async () => {
    // Inside of the checkout, where 'tendon' is the sources.
    folder = mkdtempSync(join(fileURLToPath(new URL('.', import.meta.url)), '.calibrate-'))
    robot = join(folder, 'turret.ts')
    cpSync(fileURLToPath(new URL('turret.ts', import.meta.url)), robot)
    writeFileSync(join(folder, 'calibration.json'), JSON.stringify(OLD))
    line = await servoLine(turret, { joints: { tilt: { registers: { positionOffset: 300 } } } })
  })
  afterEach(async () => {
    await session?.close()
    session = undefined
    await line.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('takes the power, measures zero and ranges with a live table, shows the difference, asks, writes servos and file', async () => {
    const { world } = line
    // Somewhere: this is where a hand brings the joints, to be their middle.
    world.servo('pan').turnTo(deg(10))
    world.servo('tilt').turnTo(deg(-20))
    await line.power()
    expect(line.register('tilt', 'torqueEnable')).toBe(1)
    session = await atTerminal(['calibrate', robot, '--wait', WAIT], env())
    await session.until(/pan, tilt: on power[\s\S]*Hold the robot and press Enter/)
    expect(line.register('pan', 'torqueEnable')).toBe(1)
    session.type('\n')
    await session.until(/2 joints, each read back without power[\s\S]*Hold it there and press Enter/)
    expect(['pan', 'tilt'].map((joint) => line.register(joint, 'torqueEnable'))).toEqual([0, 0])
    session.type('\n')
    await session.until(/Press Enter when all have been there[\s\S]*┃/)
    const [pan, tilt] = [world.servo('pan'), world.servo('tilt')]
    for (const angle of [-80, 88]) {
      pan.turnTo(deg(angle))
      tilt.turnTo(deg(angle))
      const raw = Math.round(2048 + ((angle - 10) / 360) * 4096)
      // Drawn in its place: the table of before is gone over, not pushed up.
      await session.until(new RegExp(`pan +(${raw} +${raw}|-?\\d+ +${raw} +${raw})`))
    }
    await session.until(/tilt +1366 +3277 +3277/)
    expect(session.screen()).toContain('\u001b[3A')
    session.type('\n')
    await session.until(/Write this to 2 servos and to .*calibration\.json\? \[y\/N\]/)
    expect(session.text()).toMatch(/pan +1 +0, 0\.\.4095 +5, 1000\.\.3000 +114, 1024\.\.2935/)
    expect(session.text()).toMatch(/tilt +2 +300, 0\.\.4095 +nothing +72, 1366\.\.3277/)
    expect(held('pan')).toEqual([0, 0, 4095])
    session.type('y\n')
    expect(await session.ended).toBe(0)
    world.powerCycle()
    expect(held('pan')).toEqual([114, 1024, 2935])
    expect(held('tilt')).toEqual([72, 1366, 3277])
    expect(file()).toEqual({
      pan: { homingOffset: 114, rangeMin: 1024, rangeMax: 2935 },
      tilt: { homingOffset: 72, rangeMin: 1366, rangeMax: 3277 },
    })
    expect(file('calibration-before.json')).toEqual(OLD)
  })

  it('refuses a joint that nobody moved, and writes nothing', async () => {
    session = await atTerminal(['calibrate', robot, '--wait', WAIT], env())
    await session.until(/press Enter/)
    session.type('\n')
    await session.until(/Press Enter when all[\s\S]*┃/)
    session.type('\n')
    expect(await session.ended).toBe(1)
    expect(session.text()).toMatch(/TENDON_CALIBRATION_REFUSED[\s\S]*pan: its range ends at 2048[\s\S]*tilt: /)
    expect([held('pan'), file()]).toEqual([[0, 0, 4095], OLD])
  })

  it('takes a calibration of LeRobot: shown by --dry-run, written by --yes, and given back by --to', async () => {
    const lerobot = join(folder, 'lerobot.json')
    const wanted = { pan: motor(1), tilt: motor(2) }
    writeFileSync(lerobot, JSON.stringify(wanted))
    const dry = await tendon(['calibrate', robot, '--from', lerobot, '--dry-run', '--wait', WAIT], undefined, env())
    expect([dry.code, dry.err]).toEqual([0, ''])
    expect(dry.out).toMatch(/tilt +2 +300, 0\.\.4095 +nothing +-1400, 902\.\.3200/)
    expect([held('tilt'), file()]).toEqual([[300, 0, 4095], OLD])
    const out = join(folder, 'out.json')
    const { code } = await tendon(
      ['calibrate', robot, '--from', lerobot, '--yes', '--to', out, '--wait', WAIT],
      undefined,
      env(),
    )
    expect(code).toBe(0)
    expect(held('tilt')).toEqual([-1400, 902, 3200])
    expect(file()).toMatchObject({ tilt: { homingOffset: -1400, rangeMin: 902, rangeMax: 3200 } })
    expect(file('out.json')).toEqual(wanted)
  })

  it('is refused without somebody to agree, and with a servo missing', async () => {
    const alone = await tendon(['calibrate', robot], undefined, env())
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('--yes, or --dry-run')])
    line.plugged.delete('tilt')
    const { code, err } = await tendon(['calibrate', robot, '--yes', '--wait', WAIT], undefined, env())
    expect([code, err]).toEqual([1, expect.stringContaining('Servo 2 on')])
    expect(existsSync(join(folder, 'calibration-before.json'))).toBe(false)
  })
})

describe('the file in a temporary folder', () => {
  it('that is no calibration is refused before anything is opened', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tendon-calibration-'))
    writeFileSync(join(folder, 'calibration.json'), '{"pan": {}}')
    await expect(calibrationFile(folder)).rejects.toMatchObject({ code: 'TENDON_CALIBRATION_FILE' })
  })
})
