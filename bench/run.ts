/**
 * The bench of BENCH.md: `npm run bench`, `npm run -s bench -- G1 G4 --json`. Options: `--json` one object per line on
 * standard output and nothing else; `--smoke` every case once, briefly. Exits with 1 when a case did not do its work;
 * a missed target is a result, not an error.
 */
import { type Effort, FULL, SMOKE } from './effort.ts'
import type { Row } from './measure.ts'

type Goal = (effort: Effort) => Promise<Row[]>

/** Loaded one by one: what one goal brings along must not slow down another. */
const goals: Readonly<Record<string, () => Promise<Goal>>> = {
  G1: async () => (await import('./whole-command.ts')).g1,
  G2: async () => (await import('./xstate.ts')).g2,
  G4: async () => (await import('./stop.ts')).g4,
  G5: async () => (await import('./scaling.ts')).g5,
  G6: async () => (await import('./memory.ts')).g6,
  G7: async () => (await import('./fan-out.ts')).g7,
  G8: async () => (await import('./servo-loop.ts')).g8,
  G9: async () => (await import('./pace.ts')).g9,
  G12: async () => (await import('./late-awaiter.ts')).g12,
  G13: async () => (await import('./start-up.ts')).g13,
}

interface Wish {
  readonly names: readonly string[]
  readonly json: boolean
  readonly effort: Effort
}

/** What the arguments ask for, or the sentence that says what is wrong with them. */
function wishOf(args: readonly string[]): Wish | string {
  const flags = args.filter((arg) => arg.startsWith('-'))
  const strange = flags.find((flag) => flag !== '--json' && flag !== '--smoke')
  if (strange) return `unknown option ${strange}; there are --json and --smoke`
  const named = args.filter((arg) => !arg.startsWith('-')).map((name) => name.toUpperCase())
  const unknown = named.find((name) => !Object.hasOwn(goals, name))
  if (unknown) return `unknown goal ${unknown}; there are ${Object.keys(goals).join(', ')}`
  return {
    names: named.length > 0 ? named : Object.keys(goals),
    json: flags.includes('--json'),
    effort: flags.includes('--smoke') ? SMOKE : FULL,
  }
}

/** Four digits: more would be noise. */
const rounded = (value: number): number => Number(value.toPrecision(4))

function line(row: Row): string {
  const [min, max] = row.spread
  return JSON.stringify({ ...row, value: rounded(row.value), spread: [rounded(min), rounded(max)] })
}

function table(rows: readonly Row[]): string {
  const cells = rows.map(({ goal, case: name, value, unit, target, met, spread: [min, max] }) => [
    met ? 'ok' : 'MISSED',
    goal,
    name,
    `${rounded(value)} ${unit}`,
    target,
    `${rounded(min)} .. ${rounded(max)}`,
  ])
  const lines = [['', 'goal', 'case', 'value', 'target', 'spread'], ...cells]
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((cell) => cell[column]?.length ?? 0))) ?? []
  return lines
    .map((cell) =>
      cell
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** One line that is overwritten, where a person looks on. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

async function run({ names, json, effort }: Wish): Promise<void> {
  const rows: Row[] = []
  for (const [i, name] of names.entries()) {
    progress(`${name} (${i + 1} of ${names.length})`)
    try {
      const goal = await goals[name]?.()
      const found = (await goal?.(effort)) ?? []
      if (json) for (const row of found) console.log(line(row))
      rows.push(...found)
    } catch (error) {
      process.exitCode = 1
      progress('')
      console.error(`${name} failed:`, error)
    }
  }
  progress('')
  if (!json) console.log(table(rows))
}

const wish = wishOf(process.argv.slice(2))
if (typeof wish === 'string') {
  console.error(wish)
  process.exitCode = 2
} else {
  await run(wish)
  // A case that failed may have left a robot running.
  process.exit()
}
