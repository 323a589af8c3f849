import { join } from 'node:path'
import { fileStorage } from 'tendon'
import { problem, type ServoCalibration, TendonError } from 'tendon/device'

/** The file beside the robot, and where the one before it is kept. */
const NAME = 'calibration'
const BEFORE = 'calibration-before'

/** What is in the robot's folder for its calibration. */
export interface CalibrationFile {
  readonly path: string
  /** By joint; empty where there is no file. */
  readonly calibrations: ReadonlyMap<string, ServoCalibration>
  /** Replaces it as a whole, and keeps what was there; gives where. Joints that are not named stay as they are. */
  write(calibrations: ReadonlyMap<string, ServoCalibration>): Promise<string | undefined>
}

/** Reads `calibration.json` of a robot's folder. Rejects with `TENDON_CALIBRATION_FILE` for one that is none. */
export async function calibrationFile(folder: string): Promise<CalibrationFile> {
  const files = fileStorage(folder)
  const path = join(folder, `${NAME}.json`)
  const text = await files.read(NAME)
  const known = text === undefined ? {} : entriesIn(path, text)
  return {
    path,
    calibrations: new Map(Object.entries(known)),
    write: async (calibrations) => {
      if (text !== undefined) await files.write(BEFORE, text)
      await files.write(NAME, textOf({ ...known, ...Object.fromEntries(calibrations) }))
      return text === undefined ? undefined : join(folder, `${BEFORE}.json`)
    },
  }
}

/** One joint a line, as a person would write it. */
function textOf(calibrations: Readonly<Record<string, ServoCalibration>>): string {
  const lines = Object.entries(calibrations).map(([joint, { homingOffset, rangeMin, rangeMax }]) => {
    const fields = `"homingOffset": ${homingOffset}, "rangeMin": ${rangeMin}, "rangeMax": ${rangeMax}`
    return `  ${JSON.stringify(joint)}: { ${fields} }`
  })
  return `{\n${lines.join(',\n')}\n}\n`
}

function entriesIn(file: string, text: string): Record<string, ServoCalibration> {
  const refuse = (reason: string): TendonError => new TendonError(problem('TENDON_CALIBRATION_FILE', { file, reason }))
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse('it is no JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('it is no object')
  for (const [joint, entry] of Object.entries(value))
    if (!isCalibration(entry)) throw refuse(`${joint} has no homingOffset, rangeMin and rangeMax`)
  return value as Record<string, ServoCalibration>
}

function isCalibration(entry: unknown): entry is ServoCalibration {
  if (typeof entry !== 'object' || entry === null) return false
  const { homingOffset, rangeMin, rangeMax } = entry as Partial<Record<string, unknown>>
  return [homingOffset, rangeMin, rangeMax].every(Number.isInteger)
}
