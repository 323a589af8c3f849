import { describe, expect, test } from 'vitest'
import type { Will } from '../../src/guard/contract.ts'
import { VERSION } from '../../src/guard/messages.ts'
import { Watch } from '../../src/guard/watch.ts'

const will: Will = { halt: Uint8Array.of(1), off: undefined, offAfter: 2, repeat: 3, gap: 0.003 }

describe('what a guard waits for', () => {
  test('nothing before the first beat: a will alone is not carried out', () => {
    const watch = new Watch()
    watch.take({ type: 'will', will })
    expect([watch.due, watch.pending]).toEqual([Number.POSITIVE_INFINITY, undefined])
  })

  test('from a beat on the next one, by the time that this one said', () => {
    const watch = new Watch()
    watch.take({ type: 'will', will })
    expect(watch.take({ type: 'beat', seq: 1, freshUntil: 10.1 })).toBe('answer')
    expect([watch.due, watch.pending]).toEqual([10.1, will])
    watch.take({ type: 'beat', seq: 2, freshUntil: 10.2 })
    expect(watch.due).toBe(10.2)
  })

  test('a beat without end keeps the will and times nothing', () => {
    const watch = new Watch()
    watch.take({ type: 'will', will })
    watch.take({ type: 'beat', seq: 1, freshUntil: Number.POSITIVE_INFINITY })
    expect([watch.due, watch.pending]).toEqual([Number.POSITIVE_INFINITY, will])
  })

  test('eased, nothing is pending until will and beat come anew', () => {
    const watch = new Watch()
    watch.take({ type: 'will', will })
    watch.take({ type: 'beat', seq: 1, freshUntil: 10.1 })
    expect(watch.take({ type: 'ease', seq: 2 })).toBe('answer')
    expect([watch.due, watch.pending]).toEqual([Number.POSITIVE_INFINITY, undefined])
    watch.take({ type: 'beat', seq: 3, freshUntil: 11 })
    expect(watch.pending).toBeUndefined()
  })

  test('told to stand down it leaves, and leaves nothing pending', () => {
    const watch = new Watch()
    watch.take({ type: 'will', will })
    watch.take({ type: 'beat', seq: 1, freshUntil: 10.1 })
    expect(watch.take({ type: 'stand-down' })).toBe('leave')
    expect(watch.pending).toBeUndefined()
  })

  test('told that the program ends, it has what was pending carried out', () => {
    const watch = new Watch()
    watch.take({ type: 'will', will })
    watch.take({ type: 'beat', seq: 1, freshUntil: 10.1 })
    expect(watch.take({ type: 'end' })).toBe('end')
    expect(watch.pending).toBe(will)
  })

  test('refuses a runtime of another version, and what only a guard says', () => {
    const settings = { robot: 'arm', bus: 'servos', port: '/dev/ttyACM0', pid: 1 }
    expect(new Watch().take({ type: 'post', version: VERSION, settings })).toBe('greet')
    expect(new Watch().take({ type: 'post', version: VERSION + 1, settings })).toBe('refuse')
    expect(new Watch().take({ type: 'hello', version: VERSION })).toBe('refuse')
    expect(new Watch().take({ type: 'taken', seq: 1 })).toBe('refuse')
  })
})
