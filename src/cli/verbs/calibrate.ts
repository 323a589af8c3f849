import { readFileSync, writeFileSync } from 'node:fs'
import { problem, type ServoCalibration, TendonError } from 'tendon/device'
import { exitCodes } from '../exit-codes.ts'
import { type LoadedRobot, loadRobot } from '../load-robot.ts'
import { callerOutput, type Output } from '../output.ts'
import { refusePortOfRobot } from '../setup/adapter.ts'
import { calibrationIssues } from '../setup/calibration-check.ts'
import { isUnchanged, showDiff } from '../setup/calibration-diff.ts'
import { type CalibrationFile, calibrationFile } from '../setup/calibration-file.ts'
import { calibratedJoints, openWorkshop, refused, type Unit } from '../setup/calibration-units.ts'
import { describeError } from '../setup/describe-error.ts'
import { waitIn } from '../setup/flags.ts'
import { fromLeRobot, toLeRobot } from '../setup/lerobot.ts'
import { measure } from '../setup/measure.ts'
import { Person, somebodyIsThere, untilInterrupted } from '../setup/person.ts'
import { linesOf } from '../setup/robot-lines.ts'
import { UsageError } from '../usage-error.ts'
import { type Call, given, has, type Perform } from '../verb.ts'

type Calibrations = ReadonlyMap<string, ServoCalibration>

/** Measures zero and range of every joint by hand, or takes them from LeRobot; shows the difference, asks, writes. */
export const calibrate: Perform = async (call) => {
  const output = callerOutput(call)
  const robot = await loadRobot(call.args[0] ?? '')
  const file = await calibrationFile(robot.folder)
  const [from, to] = [given(call, 'from'), given(call, 'to')]
  if (to !== undefined && from === undefined) return exportTo(output, robot, file, to)
  const taken = from === undefined ? undefined : importFrom(from, robot)
  if (!has(call, 'yes') && !has(call, 'dry-run') && !somebodyIsThere())
    throw new UsageError(
      'Nobody is at a terminal to agree to what is written.',
      `${callText(call)} --yes, or --dry-run`,
    )
  return untilInterrupted(async (leaving) => {
    const person = new Person(leaving)
    try {
      const code = await atTheServos(call, output, { robot, file, taken, person })
      return to === undefined || code !== exitCodes.done
        ? code
        : exportTo(output, robot, await calibrationFile(robot.folder), to)
    } finally {
      person.close()
    }
  })
}

const callText = ({ args }: Call): string => `tendon calibrate ${args[0] ?? '<robot>'}`

interface Work {
  readonly robot: LoadedRobot
  readonly file: CalibrationFile
  /** What is written instead of what would be measured. */
  readonly taken: Calibrations | undefined
  readonly person: Person
}

async function atTheServos(call: Call, output: Output, { robot, file, taken, person }: Work): Promise<number> {
  const { hardware } = robot.definition
  const lines = linesOf(robot, given(call, 'port'))
  for (const { path } of lines) await refusePortOfRobot(path)
  const workshop = await openWorkshop(hardware, lines, {
    wait: waitIn(call),
    beforeLimp: async (joints) => {
      output.say(output.colors.yellow(`${joints.join(', ')}: on power, limp in a moment; what is raised drops`))
      if (!has(call, 'yes')) await person.enter('Hold the robot and press Enter ')
    },
  })
  try {
    const { units } = workshop
    output.show(
      { type: 'limp', joints: units.map(({ joint }) => joint) },
      `${units.length} joints, each read back without power`,
    )
    const wanted = taken ?? (await measure(output, person, units))
    refuseUnfit(given(call, 'from') ?? 'the measurement', units, wanted)
    showDiff(output, units, file.calibrations, wanted)
    if (has(call, 'dry-run')) return said(output, 'dry_run', 'dry run: nothing was written')
    if (isUnchanged(units, file.calibrations, wanted))
      return said(output, 'unchanged', 'servos and file hold this already')
    const question = `Write this to ${units.length} servos and to ${file.path}?`
    if (!has(call, 'yes') && !(await person.agrees(question))) {
      said(output, 'declined', 'nothing was written')
      return exitCodes.refused
    }
    await write(output, units, wanted, file)
    if (Object.keys(hardware.calibration).length === 0)
      output.say(
        `the definition does not use it yet: import calibration from '${file.path}', and add calibration to it`,
      )
    return exitCodes.done
  } finally {
    await workshop.close()
  }
}

function said(output: Output, type: string, text: string): number {
  output.show({ type }, text)
  return exitCodes.done
}

/** Throws `TENDON_CALIBRATION_REFUSED` with everything that is wrong with any joint. */
function refuseUnfit(source: string, units: readonly Unit[], wanted: Calibrations): void {
  const issues = units.flatMap(({ joint, spec, bench }) => {
    const calibration = wanted.get(joint)
    return calibration ? calibrationIssues(joint, spec, calibration, bench) : []
  })
  if (issues.length > 0) throw refused(source, issues)
}

/** Servos first: what a servo did not take must not stand in the file. Power is off at each of them. */
async function write(
  output: Output,
  units: readonly Unit[],
  wanted: Calibrations,
  file: CalibrationFile,
): Promise<void> {
  for (const { joint, id, bench } of units) {
    const calibration = wanted.get(joint)
    if (!calibration) continue
    await bench.calibrate(id, calibration)
    output.show(
      { type: 'written', joint, servo: id },
      `  ${output.colors.green('✓')} ${joint}: written to servo ${id} and read back`,
    )
  }
  const before = await file.write(wanted)
  output.show(
    { type: 'filed', path: file.path, before },
    `${file.path} is written${before === undefined ? '' : `; what it was is in ${before}`}`,
  )
}

/** Rejects with everything in the file that does not fit the robot. */
function importFrom(path: string, robot: LoadedRobot): Calibrations {
  const read = fromLeRobot(
    onFile(path, () => readFileSync(path, 'utf8')),
    calibratedJoints(robot.definition.hardware, linesOf(robot)),
  )
  if ('issues' in read) throw refused(path, read.issues)
  return read.calibrations
}

/** Does it with the file; what the file system refuses is `TENDON_CALIBRATION_FILE`. */
function onFile<T>(file: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw new TendonError(problem('TENDON_CALIBRATION_FILE', { file, reason: describeError(error) }, error))
  }
}

/** Needs no hardware: writes what the robot's own file holds. */
function exportTo(output: Output, robot: LoadedRobot, { path, calibrations }: CalibrationFile, to: string): number {
  const joints = calibratedJoints(robot.definition.hardware, linesOf(robot))
  const without = joints.filter(({ joint }) => !calibrations.has(joint))
  if (without.length > 0)
    throw refused(
      path,
      without.map(({ joint }) => ({ joint, reason: 'it has no calibration yet' })),
    )
  onFile(to, () => writeFileSync(to, toLeRobot(joints, calibrations)))
  return said(output, 'exported', `${to} is written, in LeRobot's format`)
}
