import { readFileSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { basename } from 'node:path'
import { systemClock } from 'tendon'
import { problem, type ServoBusSpec, type ServoWorkbench, TendonError } from 'tendon/device'
import { listPorts, type PortInfo, serial } from 'tendon/serial'
import { readCard } from '../control/card.ts'
import { ControlClient } from '../control/client.ts'
import { namesIn } from '../control/find.ts'
import { foldersHere, socketOf } from '../control/place.ts'
import { portNamed } from './port-name.ts'

/** Milliseconds that a way through USB and a busy machine may take, beside the adapter's own timer. */
const MARGIN = 6
/** Where nothing is known of the adapter. */
const UNKNOWN = 25

/**
 * How long a reply may take beyond its bytes' own time, in seconds: the adapter's latency timer where it has one (FTDI:
 * 16 ms), little for other USB adapters, which hand over at once.
 */
async function waitOf(port: string): Promise<number> {
  const name = basename(await deviceOf(port))
  const timer = latencyTimerOf(name)
  if (timer !== undefined) return (timer + MARGIN) / 1000
  return (/^tty(ACM|USB)/.test(name) ? 2 * MARGIN : UNKNOWN) / 1000
}

function latencyTimerOf(name: string): number | undefined {
  try {
    const timer = Number(readFileSync(`/sys/class/tty/${name}/device/latency_timer`, 'utf8'))
    return timer > 0 && timer < 256 ? timer : undefined
  } catch {
    return undefined
  }
}

/** The device behind a port, whatever it is called: two names of one port are the same port. `ports`: those there are. */
export async function deviceOf(port: string, ports: () => Promise<readonly PortInfo[]> = listPorts): Promise<string> {
  const address = portNamed(port)
  if (address.serialNumber !== undefined)
    return (await ports()).find(({ serialNumber }) => serialNumber === address.serialNumber)?.path ?? port
  return realpath(port).catch(() => port)
}

/** An open workbench behind a port at one baud rate. The caller closes it. Rejects with a `TendonError`. */
export async function openBench(
  spec: ServoBusSpec,
  path: string,
  baudRate: number,
  wait?: number,
): Promise<ServoWorkbench> {
  const bench = benchOf(spec, path, baudRate, wait ?? (await waitOf(path)))
  await bench.open()
  return bench
}

/** The same, not opened: for what can be asked without a port. Throws `TENDON_NO_WORKBENCH`. */
export function benchOf(spec: ServoBusSpec, path: string, baudRate: number, wait?: number): ServoWorkbench {
  const bench = spec.withPort(serial({ ...portNamed(path), baudRate })).workbench?.({ clock: systemClock }, { wait })
  if (!bench) throw new TendonError(problem('TENDON_NO_WORKBENCH', { family: spec.family }))
  return bench
}

/** Rejects with `TENDON_PORT_OF_ROBOT` for a port that a running robot of ours has. */
export async function refusePortOfRobot(path: string): Promise<void> {
  const device = await deviceOf(path)
  for (const folder of foldersHere())
    for (const robot of namesIn(folder)) {
      const card = readCard(folder, robot)
      const devices = await Promise.all(card?.buses.map(({ port }) => deviceOf(port)) ?? [])
      if (!card || !devices.includes(device)) continue
      const client = await ControlClient.connect(robot, socketOf(folder, robot), card)
      if (client === 'absent' || client === 'gone') continue
      if (typeof client !== 'string') client.close()
      throw new TendonError(problem('TENDON_PORT_OF_ROBOT', { port: path, robot, pid: card.pid }))
    }
}
