import { type FoundServo, type ServoBusSpec, type ServoGlance, TendonError } from 'tendon/device'
import { benchOf, openBench } from './adapter.ts'

/** What answered to one id at one baud rate. */
export interface Finding {
  readonly family: string
  readonly baudRate: number
  readonly id: number
  /** Absent: several servos answer to it. */
  readonly servo?: FoundServo
  /** Absent where it was heard once and then not any more. */
  readonly glance?: ServoGlance | undefined
}

export interface ScanSettings {
  /** The families that may be behind the port. */
  readonly specs: readonly ServoBusSpec[]
  readonly path: string
  /** Default: every rate of the family. */
  readonly bauds?: readonly number[] | undefined
  /** Default: every id of the family. */
  readonly ids?: readonly number[] | undefined
  /** How long an id may take to answer, in seconds; default: what the adapter needs. */
  readonly wait?: number | undefined
  readonly leaving: AbortSignal
  /** How much of it is done, 0 to 1. */
  onProgress(fraction: number): void
}

/** What was asked, and who answered. */
export interface Scanned {
  readonly findings: readonly Finding[]
  readonly bauds: readonly number[]
  /** How many ids were asked at each of them. */
  readonly ids: number
}

/**
 * Asks every id at every baud rate who it is, and looks at whoever answers. Writes nothing to any servo. Rejects with a
 * `TendonError` when the port cannot be opened or is lost, and with the signal's reason.
 */
export async function scanLine(settings: ScanSettings): Promise<Scanned> {
  const rounds = settings.specs.flatMap((spec) => roundsOf(spec, settings))
  const total = rounds.reduce((sum, { ids }) => sum + ids.length, 0)
  const findings: Finding[] = []
  let done = 0
  for (const round of rounds)
    for await (const found of askAll(round, settings)) {
      if (found) findings.push(found)
      settings.onProgress(++done / total)
    }
  const bauds = [...new Set(rounds.map(({ baudRate }) => baudRate))]
  return { findings, bauds, ids: Math.max(0, ...rounds.map(({ ids }) => ids.length)) }
}

interface Round {
  readonly spec: ServoBusSpec
  readonly baudRate: number
  readonly ids: readonly number[]
}

/** The rate of the definition comes first: that is where most of them are. */
function roundsOf(spec: ServoBusSpec, { path, bauds, ids }: ScanSettings): Round[] {
  const usual = spec.port.baudRate ?? 0
  const bench = benchOf(spec, path, usual)
  const rates = bauds ?? bench.baudRates
  const sorted = [...rates].sort((a, b) => Number(b === usual) - Number(a === usual))
  const all = Array.from({ length: bench.ids.max - bench.ids.min + 1 }, (_, i) => bench.ids.min + i)
  const asked = ids?.filter((id) => all.includes(id)) ?? all
  return sorted.map((baudRate) => ({ spec, baudRate, ids: asked }))
}

async function* askAll({ spec, baudRate, ids }: Round, { path, wait, leaving }: ScanSettings) {
  const bench = await openBench(spec, path, baudRate, wait)
  try {
    for (const id of ids) {
      leaving.throwIfAborted()
      const servo = await who(() => bench.ping(id))
      if (servo === 'twice') yield { family: spec.family, baudRate, id }
      else if (!servo) yield undefined
      else yield { family: spec.family, baudRate, id, servo, glance: await quietly(() => bench.glance(id)) }
    }
  } finally {
    await bench.close()
  }
}

async function who(ping: () => Promise<FoundServo | undefined>): Promise<FoundServo | undefined | 'twice'> {
  try {
    return await ping()
  } catch (error) {
    if (error instanceof TendonError && error.code === 'TENDON_SERVO_ID_TWICE') return 'twice'
    throw error
  }
}

/** A servo that was there a moment ago and does not answer now is shown without what it would have said. */
async function quietly(look: () => Promise<ServoGlance>): Promise<ServoGlance | undefined> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof TendonError && error.code === 'TENDON_SERVO_SILENT') return undefined
    throw error
  }
}
