import { readdirSync } from 'node:fs'
import { TendonError } from 'tendon/device'
import { UsageError } from '../usage-error.ts'
import { readCard } from './card.ts'
import { ControlClient, deniedProblem, goneProblem, silentProblem } from './client.ts'
import { foldersHere, socketOf } from './place.ts'
import { controlProblem } from './problems.ts'
import type { Hello } from './protocol.ts'

/** A robot that has, or had, a socket here. */
export type Found = Running | Unwell

/** It answers; whoever asked closes the client. */
export interface Running {
  readonly robot: string
  readonly is: 'running'
  readonly client: ControlClient
  readonly hello: Hello
}

export type Unwell =
  /** Its program does not answer. */
  | { readonly robot: string; readonly is: 'silent'; readonly problem: TendonError }
  /** It runs as somebody else, and this user may not talk to it. */
  | { readonly robot: string; readonly is: 'denied'; readonly problem: TendonError }
  /** Its program is gone; its servos may still have power. */
  | { readonly robot: string; readonly is: 'gone'; readonly problem: TendonError }

/** Names with a socket or a card in the folder. */
export function namesIn(folder: string): string[] {
  try {
    const names = readdirSync(folder).flatMap((file) => /^(.+)\.(?:sock|json)$/.exec(file)?.[1] ?? [])
    return [...new Set(names)].sort()
  } catch {
    return []
  }
}

/** Throws a `UsageError` for what no robot can be called: it could lead out of the folder of the sockets. */
export function checkRobotName(name: string): void {
  if (!/^[A-Za-z][\w-]*$/.test(name)) throw new UsageError(`'${name}' is no name of a robot.`, 'tendon list')
}

/** Asks one robot; undefined where there is nothing to fear and nobody to talk to. */
async function lookIn(folder: string, robot: string): Promise<Found | undefined> {
  const card = readCard(folder, robot)
  const client = await ControlClient.connect(robot, socketOf(folder, robot), card)
  if (client === 'silent') return { robot, is: 'silent', problem: silentProblem(robot, card) }
  if (client === 'denied') return { robot, is: 'denied', problem: deniedProblem(robot, folder) }
  if (client === 'absent' || client === 'gone')
    return card && card.buses.length > 0 ? { robot, is: 'gone', problem: goneProblem(card) } : undefined
  const hello = await client.hello()
  if (hello) return { robot, is: 'running', client, hello }
  client.close()
  return { robot, is: 'silent', problem: silentProblem(robot, card) }
}

/** Every robot that answers, and every one that should. */
export async function robotsHere(...folders: string[]): Promise<Found[]> {
  const places = folders.length > 0 ? folders : foldersHere()
  const asked = places.flatMap((folder) => namesIn(folder).map((name) => lookIn(folder, name)))
  return (await Promise.all(asked)).filter((one) => one !== undefined)
}

/** The one of this name, in the first folder that has one. */
async function lookFor(robot: string): Promise<Found | undefined> {
  for (const folder of foldersHere()) {
    const found = await lookIn(folder, robot)
    if (found) return found
  }
  return undefined
}

/**
 * The one robot that is meant: the named one, or the only one. Rejects with a coded problem that says what to write
 * otherwise. The caller closes the client.
 */
export async function theRobot(name: string | undefined): Promise<ControlClient> {
  if (name !== undefined) checkRobotName(name)
  const found: (Found | undefined)[] = name === undefined ? await robotsHere() : [await lookFor(name)]
  const running = found.filter((one): one is Running => one?.is === 'running')
  const [only, ...others] = running
  if (only && others.length === 0) return only.client
  for (const { client } of running) client.close()
  if (only)
    throw new TendonError(controlProblem('TENDON_CONTROL_WHICH', { running: running.map(({ robot }) => robot) }))
  const worse = found.find((one): one is Unwell => one !== undefined && one.is !== 'running')
  if (worse) throw worse.problem
  throw name === undefined ? noRobot(undefined, []) : await noneCalled(name)
}

const noRobot = (robot: string | undefined, running: readonly string[]): TendonError =>
  new TendonError(controlProblem('TENDON_CONTROL_NO_ROBOT', { robot, running }))

async function noneCalled(name: string): Promise<Error> {
  const running = (await robotsHere()).flatMap((one) => {
    if (one.is === 'running') one.client.close()
    return one.is === 'running' ? [one.robot] : []
  })
  return noRobot(name, running)
}
