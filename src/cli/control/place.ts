import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { TendonError } from 'tendon/device'
import { controlProblem } from './problems.ts'

/** What `sun_path` holds beside its closing zero; macOS holds four fewer. */
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103
const OTHERS_WRITE = 0o022

/** Where the sockets of running robots are. */
export function runtimeFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.TENDON_RUNTIME_DIR) return env.TENDON_RUNTIME_DIR
  return env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, 'tendon') : join(homedir(), '.tendon', 'run')
}

/** Where robots that systemd keeps up have their sockets. */
const SERVICE_FOLDER = '/run/tendon'

/** Every folder in which robots that this user may talk to can be: their own, and that of the services. */
export function foldersHere(env: NodeJS.ProcessEnv = process.env, services = SERVICE_FOLDER): string[] {
  if (env.TENDON_RUNTIME_DIR) return [env.TENDON_RUNTIME_DIR]
  return [...new Set([runtimeFolder(env), services])]
}

/**
 * Whether the group of this process may use its sockets too: how a robot that runs as a user of its own is reached by
 * its operators. Only its owner may otherwise.
 */
export const isShared = (env: NodeJS.ProcessEnv = process.env): boolean => env.TENDON_SHARE === 'group'

/** The socket of one robot. Throws `TENDON_CONTROL_PATH` when the system cannot hold its name. */
export function socketOf(folder: string, robot: string): string {
  const socket = join(folder, `${robot}.sock`)
  const length = Buffer.byteLength(socket)
  if (length > LONGEST_PATH)
    throw new TendonError(controlProblem('TENDON_CONTROL_PATH', { socket, length, limit: LONGEST_PATH }))
  return socket
}

/** Makes the folder, for its owner only. Throws `TENDON_CONTROL_FOLDER` when it is somebody else's or open to others. */
export function prepareFolder(folder: string): void {
  const refuse = (reason: string, cause?: unknown): TendonError =>
    new TendonError(controlProblem('TENDON_CONTROL_FOLDER', { folder, reason }, cause))
  try {
    // `mkdir` obeys the umask, and tells whether it made the last folder of the path.
    if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) chmodSync(folder, 0o700)
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error), error)
  }
  const { uid, mode } = statSync(folder)
  const me = process.getuid?.()
  if (me !== undefined && me !== 0 && uid !== me) throw refuse('it belongs to another user')
  if (mode & OTHERS_WRITE) throw refuse('others may write there')
}
