import { listPorts, type PortInfo } from 'tendon/serial'
import { exitCodes } from '../exit-codes.ts'
import { callerOutput, type Output } from '../output.ts'
import { noPort } from '../setup/the-port.ts'
import { table } from '../table.ts'
import type { Perform } from '../verb.ts'

/** The serial ports of this machine: what to write into a definition, what they are, and who has them open. */
export const ports: Perform = async (call) => showPorts(callerOutput(call), await listPorts())

/** A row for each port, or what to check where there is none; gives the exit code. */
export function showPorts(output: Output, found: readonly PortInfo[]): number {
  for (const port of found) output.data({ type: 'port', ...port, use: pathToWrite(port) })
  if (found.length > 0) output.say(table([HEAD, ...found.map(row)]))
  else output.problem(noPort().problem)
  return exitCodes.done
}

const HEAD = ['path for the definition', 'device', 'adapter', 'serial number', 'open in']

/** The path that stays the same when something else is plugged in first. */
const pathToWrite = ({ path, byId }: PortInfo): string => byId ?? path

function row(port: PortInfo): string[] {
  const { path, manufacturer, product, driver, vendorId, productId, serialNumber, holders } = port
  const maker = [manufacturer, product].filter(Boolean).join(' ')
  const adapter = maker || (vendorId ? `USB ${vendorId}:${productId ?? '?'}` : (driver ?? ''))
  const open = holders.map(({ program, pid }) => `${program} (${pid})`).join(', ')
  return [pathToWrite(port), path, adapter, serialNumber ?? 'none', open || 'nobody seen']
}
