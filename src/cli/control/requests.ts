import { type Handle, type ParameterInfo, type RobotEvent, TendonError } from 'tendon'
import { withMissing } from '../setup/missing.ts'
import { goalProblem } from './check-goal.ts'
import { controlProblem } from './problems.ts'
import {
  type ArmResult,
  type ExecEvent,
  type ExecResult,
  flagIn,
  optionalText,
  type Request,
  textIn,
  type VerdictResult,
} from './protocol.ts'
import type { Answering, Reply } from './session.ts'
import { type AnyRobot, helloView, listView, runsView, type Served, statusView } from './views.ts'

type Handler = (served: Served, request: Request, reply: Reply) => unknown

/** Events that are sent at once to whoever begins to follow. */
const LARGEST_LAST = 1000

/** Answers the requests of one running robot. What takes power away does so before anything is awaited. */
export const answeringFor =
  (served: Served): Answering =>
  async (request, reply) => {
    const handler = Object.hasOwn(handlers, request.verb) ? handlers[request.verb] : undefined
    if (!handler) throw bad(`there is no verb ${request.verb}`)
    return handler(served, request, reply)
  }

const handlers: Readonly<Record<string, Handler>> = {
  hello: (served) => helloView(served),
  list: (served) => listView(served),
  status: (served) => statusView(served),
  runs: (served) => runsView(served),
  exec,
  cancel,
  events,
  stop: ({ robot }, request, reply) => {
    const verdict = robot.stop(causeIn(request))
    reply.event({ type: 'sent' })
    return verdict.then((found): VerdictResult => ({ verdict: found }))
  },
  disarm: ({ robot }, request, reply) => {
    const verdict = robot.disarm({ ...causeIn(request), cut: flagIn(request, 'cut') })
    reply.event({ type: 'sent' })
    return verdict.then((found): VerdictResult => ({ verdict: found }))
  },
  retire: async ({ robot }, request): Promise<VerdictResult> => ({ verdict: await robot.retire(causeIn(request)) }),
  acknowledge: async ({ robot }, request): Promise<VerdictResult> => ({
    verdict: await robot.acknowledge(causeIn(request)),
  }),
  arm: (served, request) => arm(served, flagIn(request, 'confirmed')),
  reset: ({ robot }, request) => {
    const latched = robot.safety.latch !== undefined
    robot.reset(causeIn(request))
    return { latched }
  },
  'param.list': ({ robot }) => ({ parameters: robot.parameters.all() }),
  'param.get': ({ robot }, request) => parameter(robot, textIn(request, 'name')),
  'param.set': async ({ robot }, request) => {
    const name = textIn(request, 'name')
    await robot.parameters.set(name, robot.parameters.parse(name, textIn(request, 'text')), causeIn(request))
    return parameter(robot, name)
  },
  'param.reset': async ({ robot }, request) => {
    const name = textIn(request, 'name')
    await robot.parameters.reset(name, causeIn(request))
    return parameter(robot, name)
  },
}

const bad = (reason: string): TendonError => new TendonError(controlProblem('TENDON_CONTROL_BAD_REQUEST', { reason }))

/** Throws `TENDON_UNKNOWN_PARAMETER`. */
function parameter({ parameters }: AnyRobot, name: string): ParameterInfo | undefined {
  parameters.get(name)
  return parameters.all().find((info) => info.name === name)
}

/** Who asks, for the log: everybody who can open the socket is the user of this robot. */
function causeIn(request: Request): { by: string; reason: string } {
  return { by: 'cli', reason: optionalText(request, 'reason') ?? `tendon ${request.verb.replace('.', ' ')}` }
}

/** Rejects with `TENDON_FIRST_MOTION` before a first motion that nobody has agreed to. */
async function arm({ robot, definition, firstMotion }: Served, confirmed: boolean): Promise<ArmResult> {
  const isFirst = !confirmed && robot.safety.state !== 'armed'
  const question = isFirst ? await firstMotion?.question() : undefined
  if (question) throw new TendonError(question)
  const armed = await robot.arm()
  if (!armed.armed) return { armed: false, problems: withMissing(definition.hardware, armed.problems) }
  // Where it cannot be kept it is asked again, and that is all.
  await firstMotion?.remember().catch(() => {})
  return armed
}

async function exec(served: Served, request: Request, reply: Reply): Promise<ExecResult> {
  const { robot, definition } = served
  const command = textIn(request, 'command')
  const { goal } = request
  const wrong = goalProblem(definition, command, goal, unitsIn(request))
  if (wrong) throw new TendonError(wrong)
  const tell = (event: ExecEvent): boolean => reply.event(event)
  if (flagIn(request, 'arm') && robot.safety.state !== 'armed') {
    const armed = await arm(served, flagIn(request, 'confirmed'))
    if (!armed.armed) return { notArmed: armed.problems }
    tell({ type: 'armed' })
    if (reply.gone) throw bad('the caller went while the robot was arming')
  }
  const handle = robot.execute(command, goal, { by: 'cli', reason: 'tendon exec' })
  tell({ type: 'started', run: handle.id })
  if (flagIn(request, 'detach')) {
    const ended = handle.outcome
    return ended ? { run: handle.id, outcome: ended } : { run: handle.id, detached: true }
  }
  reply.owns(handle)
  void tellFeedback(handle, reply)
  return { run: handle.id, outcome: await handle.result() }
}

/** Latest wins: while the caller does not read, what comes in between is never sent. */
async function tellFeedback(handle: Handle, reply: Reply): Promise<void> {
  for await (const feedback of handle.feedback) {
    if (reply.gone) return
    if (!reply.event({ type: 'feedback', feedback } satisfies ExecEvent)) await reply.drained()
  }
}

function unitsIn(request: Request): Readonly<Record<string, string>> {
  const { units } = request
  return typeof units === 'object' && units !== null ? (units as Record<string, string>) : {}
}

/** By id, by command, or all; resolves when they have stopped. */
async function cancel({ robot }: Served, request: Request): Promise<unknown> {
  const live = robot.runs()
  if (flagIn(request, 'all'))
    return endings(
      robot,
      live.map(({ id }) => id),
    )
  const run = textIn(request, 'run')
  const meant = live.filter(({ id, command }) => id === run || command === run).map(({ id }) => id)
  if (meant.length === 0)
    throw new TendonError(controlProblem('TENDON_CONTROL_NO_RUN', { run, live: live.map(({ id }) => id) }))
  return endings(robot, meant)
}

async function endings(robot: AnyRobot, ids: readonly string[]): Promise<unknown> {
  const outcomes = await Promise.all(ids.map(async (id) => ({ run: id, outcome: (await robot.cancel({ id }))[0] })))
  return { runs: outcomes.filter(({ outcome }) => outcome !== undefined) }
}

/** The last events, and with `follow` those to come until the caller goes. */
async function events({ robot }: Served, request: Request, reply: Reply): Promise<unknown> {
  const last = typeof request.last === 'number' && request.last >= 0 ? Math.min(request.last, LARGEST_LAST) : 20
  let shown = 0
  let missed = 0
  const show = (event: RobotEvent): void => {
    if (event.seq <= shown) return
    shown = event.seq
    // A caller that does not read misses events, and is told how many; it must not fill the memory of the robot.
    if (full) missed++
    else if (!reply.event(event)) void pause()
  }
  let full = false
  const pause = async (): Promise<void> => {
    full = true
    await reply.drained()
    full = false
    if (missed > 0) reply.event({ type: 'dropped', what: 'events for this caller', run: undefined, count: missed })
    missed = 0
  }
  for (const event of robot.log.entries({ after: Math.max(0, robot.log.seq - last) })) show(event)
  if (!flagIn(request, 'follow')) return { last: shown }
  const off = robot.log.onAny(show)
  return new Promise<void>((resolve) => {
    reply.whenGone(() => {
      off()
      resolve()
    })
  })
}
