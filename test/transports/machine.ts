import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** What one adapter says of itself, as the files of its USB device. */
export type UsbFacts = Partial<Record<'idVendor' | 'idProduct' | 'manufacturer' | 'product' | 'serial', string>>

/**
 * The files in which a Linux machine shows its serial ports, in a folder of their own, laid out as kernel 6.6 on a Raspberry
 * Pi does it: the terminal is a link into the tree of devices, and the USB device is some folders above it.
 */
export class FakeMachine {
  readonly root = mkdtempSync(join(tmpdir(), 'tendon-machine-'))

  constructor() {
    onTestFinished(() => rmSync(this.root, { recursive: true, force: true }))
    this.#folder('dev')
    this.#folder('proc')
    this.#folder('sys/class/tty')
    this.file('etc/group', 'root:x:0:\ntty:x:5:\ndialout:x:20:pi,eve\n')
    // Every machine has these, and none of them is a serial port.
    this.#folder('sys/devices/virtual/tty/console')
    this.link('sys/class/tty/console', '../../devices/virtual/tty/console')
  }

  /** An adapter whose terminal is a device of its own driver (`ftdi_sio`), or of the interface itself (`cdc_acm`). */
  usb(name: string, driver: string, facts: UsbFacts = {}): this {
    const device = `sys/devices/pci0000:00/usb1/1-1/${name}-port`
    for (const [file, text] of Object.entries(facts)) this.file(`${device}/${file}`, `${text}\n`)
    const holder = driver === 'cdc_acm' ? `${device}/1-1:1.0` : `${device}/1-1:1.0/${name}`
    this.#terminal(name, holder, driver)
    return this
  }

  /** A UART of the board. The kernel's own layers lie between the terminal and its driver. */
  uart(name: string, { type = '32', driver = 'uart-pl011' } = {}): this {
    const board = `sys/devices/platform/soc/${name}.serial`
    this.#driver(board, driver)
    const port = `${board}/${name}:0/${name}:0.0`
    this.#driver(`${board}/${name}:0`, 'ctrl')
    this.#terminal(name, port, 'port')
    this.file(`${port}/tty/${name}/type`, `${type}\n`)
    return this
  }

  /** The link that udev makes. */
  byId(id: string, name: string): this {
    this.link(`dev/serial/by-id/${id}`, `../../${name}`)
    return this
  }

  /** A process that has these devices open. */
  process(pid: number, program: string, open: readonly string[]): this {
    this.file(`proc/${pid}/comm`, `${program}\n`)
    this.#folder(`proc/${pid}/fd`)
    for (const [i, target] of open.entries()) this.link(`proc/${pid}/fd/${3 + i}`, target)
    return this
  }

  file(path: string, text: string): void {
    this.#folder(dirname(path))
    writeFileSync(join(this.root, path), text)
  }

  link(path: string, target: string): void {
    this.#folder(dirname(path))
    symlinkSync(target, join(this.root, path))
  }

  #terminal(name: string, holder: string, driver: string): void {
    this.#driver(holder, driver)
    const tty = `${holder}/tty/${name}`
    this.#folder(tty)
    this.link(`${tty}/device`, '../..')
    this.link(`sys/class/tty/${name}`, `../../../${tty}`)
    this.file(`dev/${name}`, '')
  }

  #driver(folder: string, driver: string): void {
    this.#folder(folder)
    this.#folder(`sys/bus/drivers/${driver}`)
    symlinkSync(join(this.root, `sys/bus/drivers/${driver}`), join(this.root, folder, 'driver'))
  }

  #folder(path: string): void {
    mkdirSync(join(this.root, path), { recursive: true })
  }
}
