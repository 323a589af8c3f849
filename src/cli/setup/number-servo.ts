import { problem, type ServoBusSpec, TendonError } from 'tendon/device'
import { openBench } from './adapter.ts'
import { type Finding, type ScanSettings, scanLine } from './scan-line.ts'

/** Where to look for the servo, and how. */
export type Search = Omit<ScanSettings, 'specs'>

/**
 * The one servo on the line, looked for at every id and baud rate; undefined: there is none. Rejects with
 * `TENDON_SEVERAL_SERVOS` or `TENDON_SERVO_ID_TWICE` where there are more: an id would be written to each of them.
 */
export async function theOnlyServo(spec: ServoBusSpec, search: Search): Promise<Finding | undefined> {
  const { findings } = await scanLine({ ...search, specs: [spec] })
  const port = search.path
  const crowd = findings.find(({ servo }) => !servo)
  if (crowd) throw new TendonError(problem('TENDON_SERVO_ID_TWICE', { port, servo: crowd.id }))
  const found = findings.map(({ id, baudRate }) => ({ id, baudRate }))
  if (found.length > 1) throw new TendonError(problem('TENDON_SEVERAL_SERVOS', { port, found }))
  return findings[0]
}

/** What a servo is to become. */
export interface Place {
  readonly path: string
  readonly id: number
  readonly baudRate: number
  readonly wait: number | undefined
}

/**
 * Gives the one servo on the line its baud rate and its id, and asks it there. Nothing is written where both are right
 * already; gives whether something was. The baud rate comes first: the id is then written, and its EEPROM locked again, at the rate that
 * stays. Rejects with a `TendonError`.
 */
export async function numberServo(spec: ServoBusSpec, found: Finding, place: Place): Promise<boolean> {
  const { path, id, baudRate, wait } = place
  if (found.baudRate !== baudRate) await changeBaudRate(spec, found, place)
  const bench = await openBench(spec, path, baudRate, wait)
  try {
    if (found.id !== id) await bench.changeId(found.id, id)
    const there = await bench.ping(id)
    if (!there) throw new TendonError(problem('TENDON_SETUP_NOT_TAKEN', { port: path, servo: id, baudRate }))
  } finally {
    await bench.close()
  }
  return found.id !== id || found.baudRate !== baudRate
}

async function changeBaudRate(spec: ServoBusSpec, found: Finding, { path, baudRate, wait }: Place): Promise<void> {
  const bench = await openBench(spec, path, found.baudRate, wait)
  try {
    await bench.changeBaudRate(found.id, baudRate)
  } finally {
    await bench.close()
  }
}
