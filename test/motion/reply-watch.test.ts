import { describe, expect, it } from 'vitest'
import { hardwareLimits } from '../../src/motion/limits.ts'
import { ReplyWatch } from '../../src/motion/reply-watch.ts'

/** A servo whose counters grow by what a test says, 50 replies a second. */
function servo() {
  const watch = new ReplyWatch(hardwareLimits({ replyWindow: 100, noisyShare: 0.1, brokenShare: 0.5 }))
  let [asked, lost, late, streak] = [0, 0, 0, 0]
  return {
    /** One look a second; the losses of a second lie apart unless it is silent altogether. */
    look(losses: number, of = 50) {
      asked += of
      lost += losses
      streak = losses >= of ? streak + losses : 0
      return watch.look({ asked, answered: asked - lost - late, late, lost, streak, lastAnswer: 1 })
    },
    /** Replies come that had been given up. */
    late(count: number) {
      late += count
      lost -= count
    },
  }
}

describe('the contact of a servo', () => {
  it('is judged by the share of its last replies, once there are enough of them', () => {
    const { look } = servo()
    expect(look(10)).toBeUndefined()
    expect(look(0)).toEqual({ contact: 'noisy', lost: 10, of: 100 })
  })

  it('with fewer losses than that is good, for as long as one likes', () => {
    const { look } = servo()
    for (let second = 0; second < 100; second++) expect(look(second % 2 ? 4 : 5)).toBeUndefined()
  })

  it('is told once, and again only after it has been well', () => {
    const { look } = servo()
    const told = (losses: number[]): unknown[] => losses.flatMap((lost) => look(lost)?.contact ?? [])
    expect(told([8, 8, 8, 3, 3, 8, 8])).toEqual(['noisy'])
    expect(told([0, 0, 0, 8, 8])).toEqual(['noisy'])
  })

  it('is broken from half of them on, also when it was noisy before', () => {
    const { look } = servo()
    expect([look(10), look(10)?.contact, look(49)?.contact, look(40)]).toEqual([
      undefined,
      'noisy',
      'broken',
      undefined,
    ])
  })

  it('that was gone altogether for a while was not noisy: it begins anew', () => {
    const { look } = servo()
    look(0)
    look(0)
    for (let second = 0; second < 5; second++) expect(look(50)).toBeUndefined()
    expect([look(3), look(3), look(3)]).toEqual([undefined, undefined, undefined])
  })

  it('is not worse for replies that come late', () => {
    const { look, late } = servo()
    for (let second = 0; second < 10; second++) {
      // Three are under way at each look, and come before the next one.
      expect(look(3)).toBeUndefined()
      late(3)
    }
  })

  it('that stands still in its counters says nothing', () => {
    const { look } = servo()
    expect([look(0, 0), look(0, 0)]).toEqual([undefined, undefined])
  })
})
