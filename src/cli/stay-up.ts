import { fileStorage, jsonText, processGuard, type RobotDefinition, start, systemClock, TendonError } from 'tendon'
import { ControlSocket } from './control/server.ts'
import type { AnyRobot } from './control/views.ts'
import { eventText } from './event-text.ts'
import { eachEventOnce } from './events-once.ts'
import { exitCodes } from './exit-codes.ts'
import { askingFirst, FirstMotion } from './first-motion.ts'
import { signalsAsAbort } from './leaving.ts'
import type { LoadedRobot } from './load-robot.ts'
import { type Output, outputFor } from './output.ts'
import { type Script, scriptNamed } from './script.ts'
import { watchdogOf } from './service-watchdog.ts'
import { withMissing } from './setup/missing.ts'
import type { SimulatedWorld } from './simulated-world.ts'
import { stateFolder } from './state-folder.ts'
import { stopOnSpace } from './stop-key.ts'
import { UsageError } from './usage-error.ts'
import { showNotArmed, showVerdict } from './verdict-text.ts'
import { retireWithoutReader } from './without-reader.ts'

export interface UpOptions {
  readonly loaded: LoadedRobot
  /** Its simulated hardware, closed at the end; absent: its own. */
  readonly world?: SimulatedWorld | undefined
  /** A command, or a file; absent: it stays up for commands from elsewhere. */
  readonly script?: string | undefined
  /** Arm before the script. Nothing else in here ever arms. */
  readonly arm?: boolean
  /** A first motion has been agreed to. */
  readonly yes?: boolean
  readonly json: boolean
}

/**
 * Starts a robot, owns its control socket, and runs a script or waits for commands. Signals are the runtime's matter:
 * Ctrl-C goes to rest, disarms and ends the process. Resolves to the exit code of the script.
 */
export async function stayUp(options: UpOptions): Promise<number> {
  try {
    return await up(options)
  } finally {
    await options.world?.close()
  }
}

async function up({ loaded, world, script, arm = false, yes = false, json }: UpOptions): Promise<number> {
  const output = outputFor(json, { stringify: jsonText })
  const definition = world?.definition ?? loaded.definition
  const simulated = world !== undefined
  const told = script === undefined ? undefined : await scriptNamed(definition, script)
  if (arm && !told)
    throw new UsageError('--arm belongs to a script.', `tendon run ${definition.name}, and then: tendon arm`)
  const folder = stateFolder(simulated)
  const storage = fileStorage(folder)
  const firstMotion = simulated ? undefined : new FirstMotion(definition, storage)
  if (arm) await askingFirst(yes, (confirmed) => refuseFirst(firstMotion, confirmed))
  const socket = await ControlSocket.claim(definition)
  try {
    const guard = processGuard({ records: folder })
    const clock = world?.clock ?? systemClock
    const robot = await start(definition, { process: true, storage, clock, guard })
    socket.serve({ robot, definition, simulated, clock, firstMotion })
    world?.begin()
    return await live(robot, { output, definition, told, arm, firstMotion, simulated })
  } finally {
    await socket.close()
  }
}

/** What to say when systemd waits for word of this process and cannot get it. */
const DEAF = 'systemd-notify does not work here: systemd will take this robot for hung (apt install systemd)'

/** Rejects with `TENDON_FIRST_MOTION`, before anything is opened. */
async function refuseFirst(firstMotion: FirstMotion | undefined, confirmed: boolean): Promise<void> {
  const question = confirmed ? undefined : await firstMotion?.question()
  if (question) throw new TendonError(question)
}

interface Life {
  readonly output: Output
  readonly definition: RobotDefinition
  readonly told: Script | undefined
  readonly arm: boolean
  readonly firstMotion: FirstMotion | undefined
  readonly simulated: boolean
}

async function live(robot: AnyRobot, life: Life): Promise<number> {
  const { output, told, simulated } = life
  const deafen = eachEventOnce(robot.log, (event) => output.show(event, eventText(event)))
  const letGo = stopOnSpace(() => void robot.stop({ by: 'the space bar', reason: 'a person pressed stop' }))
  const { leaving, forget } = signalsAsAbort()
  const endWithReader = retireWithoutReader()
  const watchdog = watchdogOf(robot, { onDeaf: () => output.say(DEAF) })
  leaving.addEventListener('abort', () => watchdog.stopping(), { once: true })
  introduce(robot, output, simulated)
  try {
    // Without a script only a signal ends it, and the runtime's own handlers end the process.
    if (!told) return await new Promise<number>(() => {})
    const code = await perform(robot, told, life)
    return await goDown(robot, output, code, leaving.aborted)
  } finally {
    letGo()
    deafen()
    forget()
    endWithReader()
    watchdog.end()
  }
}

function introduce(robot: AnyRobot, output: Output, simulated: boolean): void {
  const what = simulated ? 'simulated' : 'on its hardware'
  const command = Object.keys(robot.commands)[0] ?? '<command>'
  output.show(
    { type: 'up', robot: robot.name, pid: process.pid, simulated },
    [
      `${robot.name} is up, ${what}, disarmed. From another terminal:`,
      `  tendon list ${robot.name}, tendon exec ${command} --arm, tendon status, tendon stop`,
      `Here: ${process.stdin.isTTY ? 'space stops; ' : ''}Ctrl-C goes to rest, disarms and ends.`,
    ].join('\n'),
  )
}

async function perform(
  robot: AnyRobot,
  script: Script,
  { output, definition, arm, firstMotion }: Life,
): Promise<number> {
  if (arm) {
    const armed = await robot.arm()
    if (!armed.armed) return showNotArmed(output, withMissing(definition.hardware, armed.problems))
    // Where it cannot be kept it is asked again, and that is all.
    await firstMotion?.remember().catch(() => {})
  }
  return script({ robot, output })
}

/** A script that came to its end rests; one that failed may have an arm that cannot go there. */
async function goDown(robot: AnyRobot, output: Output, code: number, leaving: boolean): Promise<number> {
  if (robot.safety.state === 'armed') {
    const reason = code === exitCodes.done ? 'the script ended' : 'the script failed'
    const cause = { by: 'tendon run', reason }
    const rest = leaving || code === exitCodes.done
    showVerdict(output, rest ? 'retire' : 'disarm', await (rest ? robot.retire(cause) : robot.disarm(cause)))
  }
  const { confirmed } = await robot.close()
  return confirmed && robot.safety.state !== 'fault' ? code : exitCodes.notConfirmed
}
