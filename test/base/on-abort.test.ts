import { once, setMaxListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { onAbort } from '../../src/base/on-abort.ts'

/** The listeners of a signal at any time, as Node counts them. */
function counted() {
  const abort = new AbortController()
  const { signal } = abort
  let listeners = 0
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++
    add(...args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--
    remove(...args)
  }
  return { abort, signal, listeners: () => listeners }
}

describe('onAbort', () => {
  it('gives a signal one listener for a thousand who wait, calls each once and in order, and leaves none', () => {
    const { abort, signal, listeners } = counted()
    const called: number[] = []
    for (let i = 0; i < 1000; i++) onAbort(signal, () => called.push(i))
    expect(listeners()).toBe(1)
    abort.abort()
    abort.abort()
    expect(called).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    expect(listeners()).toBe(0)
  })

  it('takes its listener away with the last who waits, and a later one is called all the same', () => {
    const { abort, signal, listeners } = counted()
    const forget = [onAbort(signal, () => {}), onAbort(signal, () => {})]
    for (const end of forget) end()
    for (const end of forget) end()
    expect(listeners()).toBe(0)
    let called = 0
    onAbort(signal, () => called++)
    abort.abort()
    expect(called).toBe(1)
  })

  it('does not call those who were forgotten by one that was called before them', () => {
    const { abort, signal } = counted()
    let called = 0
    onAbort(signal, () => forget())
    const forget = onAbort(signal, () => called++)
    abort.abort()
    expect(called).toBe(0)
  })

  it('calls the same function as often as it was given', () => {
    const { abort, signal } = counted()
    let called = 0
    const count = (): void => {
      called++
    }
    onAbort(signal, count)
    onAbort(signal, count)()
    onAbort(signal, count)
    abort.abort()
    expect(called).toBe(2)
  })

  it('keeps Node from warning of a leak, of which eleven listeners are a sign', async () => {
    const warned: Error[] = []
    const listen = (warning: Error): void => void warned.push(warning)
    process.on('warning', listen)
    const many = new AbortController()
    const plain = new AbortController()
    // Node 22 gives signals no limit by itself any more.
    setMaxListeners(10, many.signal, plain.signal)
    for (let i = 0; i < 50; i++) onAbort(many.signal, () => {})
    for (let i = 0; i < 11; i++) plain.signal.addEventListener('abort', () => {})
    await once(process, 'warning')
    process.off('warning', listen)
    // The one warning is of the plain signal: it shows that this test would have heard another.
    expect(warned.map(({ name }) => name)).toEqual(['MaxListenersExceededWarning'])
  })
})
