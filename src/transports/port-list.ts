import { readdir, readFile, readlink, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { holdersOf, type PortHolder } from './port-holder.ts'

/** One serial port of this machine, as the system knows it. What it does not say is absent. */
export interface PortInfo {
  /** `/dev/ttyACM0`: given out in the order of plugging in, so it may be another adapter tomorrow. */
  readonly path: string
  /** `/dev/serial/by-id/...`: the same adapter whatever was plugged in before. Made by udev. */
  readonly byId?: string
  /** `cdc_acm`, `ftdi_sio`, `cp210x`, `uart-pl011`, ... */
  readonly driver?: string
  /** Four hexadecimal digits, of a USB adapter. */
  readonly vendorId?: string
  /** Four hexadecimal digits, of a USB adapter. */
  readonly productId?: string
  readonly manufacturer?: string
  /** What the adapter calls itself. */
  readonly product?: string
  /** Of the adapter. Cheap ones have none, or all the same. */
  readonly serialNumber?: string
  /** The programs that have it open, as far as this user may see them. */
  readonly holders: readonly PortHolder[]
}

export interface ListPortsOptions {
  /** The folder that holds `sys`, `dev` and `proc`. Default `/`. */
  readonly root?: string | undefined
}

/** A USB device lies at most this far above the terminal that its driver made. */
const MOST_PARENTS = 5
/** Drivers of the kernel's own layer between a terminal and its device; the real one is above them. */
const LAYERS: readonly string[] = ['port', 'ctrl', 'serial-base']

/**
 * The serial ports of this machine, by path: USB adapters, and the UARTs that exist. On Linux it is read from the
 * system's own files, so it needs neither udev nor the library; elsewhere it is the list of the package `serialport`.
 * Opens no port. Rejects only where that package is needed and missing.
 */
export async function listPorts({ root }: ListPortsOptions = {}): Promise<readonly PortInfo[]> {
  if (root === undefined && process.platform !== 'linux') return libraryList()
  const at = root ?? '/'
  const names = await entriesOf(join(at, 'sys/class/tty'))
  const links = await byIdLinks(at)
  const found = await Promise.all(names.map((name) => portOf(at, name, links)))
  const ports = found.filter((port) => port !== undefined)
  const holders = await holdersOf(
    ports.map(({ path }) => path),
    { root: at },
  )
  return ports
    .map((port) => ({ ...port, holders: holders.programs.get(port.path) ?? [] }))
    .sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }))
}

type Found = Omit<PortInfo, 'holders'>

async function portOf(root: string, name: string, links: ReadonlyMap<string, string>): Promise<Found | undefined> {
  const tty = join(root, 'sys/class/tty', name)
  const device = await realpath(join(tty, 'device')).catch(() => undefined)
  // Consoles and pseudo terminals have no device; a UART of type 0 is only a place where one could be.
  if (device === undefined || (await textOf(join(tty, 'type'))) === '0') return undefined
  const path = `/dev/${name}`
  const usb = await usbOf(device)
  return only({ path, byId: links.get(path), driver: await driverOf(device), ...usb })
}

/** The folder of the USB device is one of those above: the one that says who made it. */
async function usbOf(device: string): Promise<Omit<Found, 'path'>> {
  let folder = device
  for (let up = 0; up <= MOST_PARENTS; up++) {
    const vendorId = await textOf(join(folder, 'idVendor'))
    if (vendorId !== undefined) {
      const [productId, manufacturer, product, serialNumber] = await Promise.all(
        ['idProduct', 'manufacturer', 'product', 'serial'].map((file) => textOf(join(folder, file))),
      )
      return only({ vendorId, productId, manufacturer, product, serialNumber })
    }
    folder = dirname(folder)
  }
  return {}
}

async function driverOf(device: string): Promise<string | undefined> {
  let folder = device
  for (let up = 0; up <= MOST_PARENTS; up++) {
    const link = await readlink(join(folder, 'driver')).catch(() => undefined)
    if (link !== undefined && !LAYERS.includes(basename(link))) return basename(link)
    folder = dirname(folder)
  }
  return undefined
}

/** Device path to the link that udev made for it. */
async function byIdLinks(root: string): Promise<ReadonlyMap<string, string>> {
  const folder = join(root, 'dev/serial/by-id')
  const links = new Map<string, string>()
  for (const name of await entriesOf(folder)) {
    const target = await readlink(join(folder, name)).catch(() => undefined)
    if (target !== undefined) links.set(`/dev/${basename(target)}`, `/dev/serial/by-id/${name}`)
  }
  return links
}

async function libraryList(): Promise<readonly PortInfo[]> {
  const { SerialPort } = await import('serialport')
  const ports = await SerialPort.list()
  return ports.map(({ path, vendorId, productId, manufacturer, serialNumber }) => ({
    ...only({ path, vendorId, productId, manufacturer, serialNumber }),
    holders: [],
  }))
}

/** The same without what is not known. */
function only<T extends object>(facts: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const known = Object.entries(facts).filter(([, value]) => value !== undefined)
  return Object.fromEntries(known) as { [K in keyof T]: Exclude<T[K], undefined> }
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => [])
}

/** A file of one line; undefined where it is missing or empty. */
async function textOf(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.trim() || undefined
}
