import { EventEmitter } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { FullScreen, type Terminal } from '../../../src/cli/monitor/full-screen.ts'

const LEAVE = '\u001b[?1049l'

/** A terminal that writes down what happens to it. */
function fake() {
  const written: string[] = []
  const raw: boolean[] = []
  const out = Object.assign(new EventEmitter(), {
    columns: 80,
    rows: 24,
    writableNeedDrain: false,
    write: (text: string) => written.push(text) > 0,
  })
  const input = Object.assign(new EventEmitter(), {
    setRawMode: (on: boolean) => raw.push(on),
    resume: () => {},
    pause: () => {},
  })
  const terminal = { out, input, writeNow: (text: string) => written.push(text) } as unknown as Terminal
  return { written, raw, out, input, terminal }
}

describe('a full screen', () => {
  let screen: FullScreen | undefined
  afterEach(() => screen?.close())
  const open = (made = fake(), listeners = { stop: () => {}, leave: () => {} }) => {
    screen = new FullScreen(listeners, () => {}, made.terminal)
    return made
  }

  it.each(['exit', 'uncaughtExceptionMonitor'] as const)(
    'gives the terminal back at the %s of the process',
    (event) => {
      const made = open()
      const before = process.listeners(event as 'exit').at(-1) as (code: number) => void
      before(0)
      expect(made.written.at(-1)).toContain(LEAVE)
      expect(made.raw).toEqual([true, false])
    },
  )

  it('leaves no listener behind, and closes once', () => {
    const count = () =>
      (['exit', 'SIGTERM', 'SIGINT', 'SIGHUP', 'uncaughtExceptionMonitor'] as const).map((name) =>
        process.listenerCount(name as 'exit'),
      )
    const before = count()
    const made = open()
    expect(count()).toEqual(before.map((n) => n + 1))
    screen?.close()
    screen?.close()
    expect(count()).toEqual(before)
    expect([made.out.listenerCount('resize'), made.input.listenerCount('data')]).toEqual([0, 0])
    expect(made.written.filter((text) => text.includes(LEAVE))).toHaveLength(1)
  })

  it('draws only what is not there already, all of it after a resize, and nothing while the terminal is full', () => {
    const made = open()
    const drawn = () => made.written.length - 1
    screen?.draw(['a'])
    screen?.draw(['a'])
    expect(drawn()).toBe(1)
    made.out.emit('resize')
    screen?.draw(['a'])
    expect(drawn()).toBe(2)
    made.out.writableNeedDrain = true
    screen?.draw(['b'])
    expect(drawn()).toBe(2)
  })

  it('hears space before anything that was typed with it, and takes q and Ctrl-C for leaving', () => {
    const heard: string[] = []
    const made = open(fake(), { stop: () => heard.push('stop'), leave: () => heard.push('leave') })
    made.input.emit('data', Buffer.from('q '))
    made.input.emit('data', Buffer.from('\u0003'))
    made.input.emit('data', Buffer.from('\u001b[A'))
    expect(heard).toEqual(['stop', 'leave', 'leave'])
  })
})
