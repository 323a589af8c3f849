import pc from 'picocolors'
import type { Problem } from 'tendon'
import { problemLines } from './problem-text.ts'
import { type Call, has } from './verb.ts'

type Stream = Pick<NodeJS.WriteStream, 'write'> & { readonly isTTY?: boolean; readonly columns?: number }

/** Where a verb shows itself. The one place that knows whether there is a terminal, colour, or a program that reads. */
export interface Output {
  readonly json: boolean
  /** Standard output is a terminal that a person looks at: bars may move there. */
  readonly terminal: boolean
  readonly colors: Colors
  /** Lines for people; nothing in JSON. */
  say(text: string): void
  /** An object for programs; nothing for people. */
  data(value: object): void
  /** Both: the object in JSON, otherwise the text. */
  show(value: object, text: string): void
  /** What went wrong: on standard error, and in JSON on standard output too. `number`: in a list of several. */
  problem(found: Problem, number?: number): void
  usage(what: string, fix: string): void
}

type Colors = ReturnType<typeof pc.createColors>

/** NO_COLOR (not empty) wins, then FORCE_COLOR (not 0), then whether it is a terminal that can. */
function wantsColor(stream: Stream, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0'
  return stream.isTTY === true && env.TERM !== 'dumb'
}

/** The output of this process. */
export function outputFor(
  json: boolean,
  { out = process.stdout, err = process.stderr, env = process.env, stringify = JSON.stringify }: OutputPorts = {},
): Output {
  const colors = pc.createColors(!json && wantsColor(out, env))
  const loud = pc.createColors(wantsColor(err, env))
  const data = (value: object): void => {
    if (json) out.write(`${stringify(value)}\n`)
  }
  const say = (text: string): void => {
    if (!json) out.write(`${text}\n`)
  }
  return {
    json,
    terminal: !json && out.isTTY === true && env.TERM !== 'dumb',
    colors,
    data,
    say,
    show: (value, text) => (json ? data(value) : say(text)),
    problem: (found, number) => {
      data({ type: 'problem', ...found, cause: undefined })
      const [first = '', ...rest] = problemLines(found)
      const shout = found.severity === 'danger' ? loud.red : loud.yellow
      const place = number === undefined ? '' : `${number}. `
      err.write(`${[shout(`${place}${first}`), ...rest].join('\n')}\n`)
    },
    usage: (what, fix) => {
      data({ type: 'usage', what, fix })
      err.write(`${what}\n  fix: ${fix}\n`)
    },
  }
}

/** What the output is made of; the defaults are those of this process. */
export interface OutputPorts {
  readonly out?: Stream
  readonly err?: Stream
  readonly env?: NodeJS.ProcessEnv
  /** For values that came from user code, which plain JSON may not be able to carry. */
  readonly stringify?: (value: object) => string
}

/** How a shell sees a program that ended because nobody read it any more. */
const NO_READER = 141

function endWithoutReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(NO_READER)
}

/** The output of a verb that only talks to a robot: where nobody reads any more (`| head`) it ends at once. */
export function callerOutput(call: Call): Output {
  process.stdout.off('error', endWithoutReader).on('error', endWithoutReader)
  return outputFor(has(call, 'json'))
}
