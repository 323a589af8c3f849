import { readdirSync } from 'node:fs'
import { ControlClient } from './control/client.ts'
import { namesIn } from './control/find.ts'
import { foldersHere, socketOf } from './control/place.ts'
import type { ListView, RunsView } from './control/protocol.ts'
import type { Verb } from './verb.ts'

/** A shell waits for this: whoever has not answered by then is left out. */
const QUICK = 300

/**
 * The words that could stand in the place of the last one: verbs, flags, names of robots, and of a running robot its
 * commands, goal fields and runs. Never rejects.
 */
export async function completions(words: readonly string[], verbs: readonly Verb[]): Promise<string[]> {
  const last = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const shown = verbs.filter(({ hidden }) => !hidden)
  const verb = shown.find(({ name }) => name === before[0])
  const candidates =
    before.length === 0 ? shown.map(({ name }) => name) : verb ? await wordsOf(verb, before.slice(1), last) : []
  return [...new Set(candidates)].filter((candidate) => candidate.startsWith(last))
}

async function wordsOf(verb: Verb, before: readonly string[], last: string): Promise<string[]> {
  const previous = before.at(-1)
  if (previous === '--robot') return namesHere()
  if (verb.options?.some(({ name, value }) => value && previous === `--${name}`)) return []
  if (last.startsWith('-')) return (verb.options ?? []).map(({ name }) => `--${name}`)
  const args = before.filter((word, at) => !word.startsWith('-') && !takesValue(verb, before[at - 1]))
  const robot = valueAfter('--robot', before)
  try {
    return await argumentsOf(verb.name, args, robot)
  } catch {
    return []
  }
}

const takesValue = (verb: Verb, word: string | undefined): boolean =>
  word !== undefined && (verb.options ?? []).some(({ name, value }) => value && word === `--${name}`)

function valueAfter(flag: string, words: readonly string[]): string | undefined {
  const at = words.indexOf(flag)
  return at < 0 ? undefined : words[at + 1]
}

async function argumentsOf(verb: string, args: readonly string[], robot: string | undefined): Promise<string[]> {
  switch (verb) {
    case 'exec': {
      const { commands } = await ask<ListView>('list', robot)
      if (args.length === 0) return commands.map(({ name }) => name)
      const fields = commands.find(({ name }) => name === args[0])?.goal?.fields ?? []
      const given = args.slice(1).map((word) => word.split('=')[0])
      return fields.filter(({ name }) => !given.includes(name)).map(({ name }) => `${name}=`)
    }
    case 'cancel': {
      const { live } = await ask<RunsView>('runs', robot)
      return args.length === 0 ? live.flatMap(({ run, command }) => [run, command]) : []
    }
    case 'list':
      return args.length === 0 ? namesHere() : []
    case 'param': {
      if (args.length === 0) return ['list', 'get', 'set', 'reset']
      if (args.length > 1 || args[0] === 'list') return []
      const { parameters } = await ask<{ parameters: readonly { name: string }[] }>('param.list', robot)
      return parameters.map(({ name }) => name)
    }
    case 'sim':
    case 'run':
    case 'scan':
    case 'setup-ids':
    case 'calibrate':
      return args.length === 0 ? robotsOnShelf() : []
    case 'explain':
      return Object.keys((await import('tendon/problems')).allProblems)
    case 'completion':
      return ['bash', 'zsh', 'fish']
    default:
      return []
  }
}

/** The robots that have a socket here. */
const namesHere = (): string[] => [...new Set(foldersHere().flatMap(namesIn))]

/** Folders of the working directory that `tendon sim <name>` would take, and files that look like a robot. */
function robotsOnShelf(): string[] {
  const names = (folder: string): string[] => {
    try {
      return readdirSync(folder)
    } catch {
      return []
    }
  }
  return [...names('robots'), ...names('.').filter((file) => /^robot\.[jt]s$/.test(file))]
}

/** Asks the robot that is meant, or the only one; rejects when there is none, or it does not answer quickly. */
async function ask<R>(verb: string, robot: string | undefined): Promise<R> {
  const name = robot ?? namesHere()[0] ?? ''
  const folder = foldersHere().find((place) => namesIn(place).includes(name)) ?? ''
  const client = await ControlClient.connect(name, socketOf(folder, name), undefined)
  if (typeof client === 'string') throw new Error(client)
  try {
    return await client.callWithin<R>(QUICK, verb, {})
  } finally {
    client.close()
  }
}
