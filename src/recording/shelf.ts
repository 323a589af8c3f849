import { nearNames, TendonError } from '../base/problem.ts'
import type { Storage } from '../base/storage.ts'
import type { JointRecording, RecordedRobot } from './joint-recording.ts'
import { parseRecording } from './parse.ts'
import { recordingProblem } from './problems.ts'

/** The recordings of one robot in a storage, under `<robot>/recordings/<name>`. */
export interface RecordingShelf {
  /** Checked against the robot as it is now. Rejects with `TENDON_RECORDING_MISSING`, or what `parseRecording` throws. */
  load(name: string): Promise<JointRecording>
  /** Replaces one of the same name. */
  save(name: string, recording: JointRecording): Promise<void>
  /** Forgets it; nothing happens where there is none. */
  forget(name: string): Promise<void>
  /** The names, sorted. */
  list(): Promise<string[]>
}

/**
 * The recordings of a robot: `recordings(ctx.storage, so101)`. Its calls reject with `TENDON_RECORDING_NAME` for what
 * cannot be a name, and with what the storage rejects with.
 */
export function recordings(storage: Storage, robot: RecordedRobot): RecordingShelf {
  const folder = `${robot.name}/recordings`
  const place = (name: string): string => {
    checkRecordingName(name)
    return `${folder}/${name}`
  }
  const list = async (): Promise<string[]> =>
    (await storage.list(folder)).map((name) => name.slice(folder.length + 1)).filter(isRecordingName)
  return {
    list,
    load: async (name) => {
      const text = await storage.read(place(name))
      if (text !== undefined) return parseRecording(text, { robot, name })
      const facts = { name, robot: robot.name, near: nearNames(name, await list()) }
      throw new TendonError(recordingProblem('TENDON_RECORDING_MISSING', facts))
    },
    save: async (name, recording) => storage.write(place(name), JSON.stringify(recording)),
    forget: async (name) => storage.remove(place(name)),
  }
}

const isRecordingName = (name: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(name)

/** Throws `TENDON_RECORDING_NAME` for what cannot be the name of a recording. */
export function checkRecordingName(name: string): void {
  if (!isRecordingName(name)) throw new TendonError(recordingProblem('TENDON_RECORDING_NAME', { name }))
}
