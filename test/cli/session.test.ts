import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Handle } from 'tendon'
import { afterEach, describe, expect, it } from 'vitest'
import { LineSplitter } from '../../src/cli/control/lines.ts'
import { type Answer, controlLimits } from '../../src/cli/control/protocol.ts'
import { type Answering, type Reply, Session } from '../../src/cli/control/session.ts'

const folder = mkdtempSync(join(tmpdir(), 'tendon-session-'))
const rigs: { server: Server; socket: Socket }[] = []
afterEach(async () => {
  for (const { server, socket } of rigs.splice(0)) {
    socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
  rmSync(join(folder, 's'), { force: true })
})

/** A caller at one end of a real socket, and what answers it at the other. */
async function rig(answering: Answering) {
  let session: Session | undefined
  let tellGone = (): void => {}
  const gone = new Promise<void>((resolve) => {
    tellGone = resolve
  })
  const server = createServer((socket) => {
    session = new Session(socket, answering, tellGone)
  })
  await new Promise<void>((resolve) => server.listen(join(folder, 's'), resolve))
  const socket = connect(join(folder, 's'))
  rigs.push({ server, socket })
  const answers: Answer[] = []
  let look = (): void => {}
  const splitter = new LineSplitter(
    1e9,
    (line) => answers.push(JSON.parse(line) as Answer),
    () => {},
  )
  socket.on('data', (chunk) => {
    splitter.push(chunk)
    look()
  })
  const until = (count: number): Promise<Answer[]> =>
    new Promise((resolve) => {
      look = () => {
        if (answers.length >= count) resolve(answers)
      }
      look()
    })
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  const ask = (...lines: (object | string)[]): void => {
    for (const line of lines) socket.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
  }
  return { ask, until, socket, closed, gone, session: () => session }
}

const codes = (answers: readonly Answer[]): unknown[] => answers.map(({ id, problem }) => [id, problem?.code])

describe('one caller of the control socket', () => {
  it('is answered under its own ids, in whatever order the answers come', async () => {
    let answerSlow = (_value: string): void => {}
    const slow = new Promise<string>((resolve) => {
      answerSlow = resolve
    })
    const { ask, until } = await rig(async ({ verb }) => (verb === 'slow' ? slow : 'at once'))
    ask({ id: 1, verb: 'slow' }, { id: 2, verb: 'quick' })
    expect(await until(1)).toEqual([{ id: 2, result: 'at once' }])
    answerSlow('later')
    expect(await until(2)).toEqual([
      { id: 2, result: 'at once' },
      { id: 1, result: 'later' },
    ])
  })

  it.each([
    ['no JSON', '{oh'],
    ['no object', '[1]'],
    ['null', 'null'],
    ['no id', '{"verb":"x"}'],
    ['an id that is no number', '{"id":"1","verb":"x"}'],
    ['no verb', '{"id":1}'],
  ])('that sends %s is told so, and is heard again afterwards', async (_what, line) => {
    const { ask, until } = await rig(async () => 'good')
    ask(line, { id: 7, verb: 'x' })
    const answers = await until(2)
    expect(codes(answers)).toEqual([
      [0, 'TENDON_CONTROL_BAD_REQUEST'],
      [7, undefined],
    ])
  })

  it('is answered when its request comes in pieces, cut inside a letter of several bytes', async () => {
    const { socket, until } = await rig(async ({ text }) => text)
    const bytes = Buffer.from(`${JSON.stringify({ id: 1, verb: 'x', text: 'grün' })}\n`)
    const middle = bytes.indexOf(0xc3) + 1
    await new Promise((resolve) => socket.write(bytes.subarray(0, middle), resolve))
    socket.write(bytes.subarray(middle))
    expect(await until(1)).toEqual([{ id: 1, result: 'grün' }])
  })

  it('that sends a line over the limit is told so and let go', async () => {
    const { socket, until, closed } = await rig(async () => 'good')
    socket.write('x'.repeat(controlLimits.requestLength + 1))
    expect(codes(await until(1))).toEqual([[0, 'TENDON_CONTROL_BAD_REQUEST']])
    await closed
  })

  it('gets a problem for what the answering threw, coded or not', async () => {
    const { ask, until } = await rig(async () => {
      throw new Error('the roof is on fire')
    })
    ask({ id: 1, verb: 'x' })
    const [answer] = await until(1)
    expect(answer?.problem).toMatchObject({ code: 'TENDON_CONTROL_BAD_REQUEST' })
    expect(answer?.problem?.what).toContain('the roof is on fire')
  })

  it('with as many open requests as it may have is refused one more, but never a stop', async () => {
    const { ask, until } = await rig(({ verb }) => (verb === 'wait' ? new Promise(() => {}) : Promise.resolve(verb)))
    for (let id = 1; id <= controlLimits.requests; id++) ask({ id, verb: 'wait' })
    ask({ id: 100, verb: 'status' }, { id: 101, verb: 'stop' }, { id: 102, verb: 'disarm' })
    const answers = await until(3)
    expect(codes(answers)).toEqual([
      [100, 'TENDON_CONTROL_CROWDED'],
      [101, undefined],
      [102, undefined],
    ])
  })

  it('that does not read what it is sent is let go, and what waited for it is bounded', async () => {
    let sent = 0
    const { ask, socket, gone } = await rig(async (_request, reply) => {
      const chunk = 'x'.repeat(100_000)
      while (!reply.gone && sent < 1000) {
        reply.event(chunk)
        sent++
        await new Promise(setImmediate)
      }
      return 'done'
    })
    socket.pause()
    ask({ id: 1, verb: 'x' })
    await gone
    expect(sent).toBeLessThan(200)
  })

  it('gets no event after its result, and a problem in the place of an answer that is too long', async () => {
    let late: Reply | undefined
    const { ask, until } = await rig(async ({ verb }, reply) => {
      late = reply
      return verb === 'long' ? 'x'.repeat(controlLimits.answerLength) : 'good'
    })
    ask({ id: 1, verb: 'x' })
    await until(1)
    late?.event('too late')
    ask({ id: 2, verb: 'long' })
    expect(codes(await until(2))).toEqual([
      [1, undefined],
      [2, 'TENDON_CONTROL_CROWDED'],
    ])
  })

  it('that goes has its runs canceled, those that have ended not, and what it waited for ended', async () => {
    const canceled: string[] = []
    const handle = (id: string, ends: boolean): Handle =>
      ({
        id,
        result: () => (ends ? Promise.resolve() : new Promise(() => {})),
        cancel: async () => void canceled.push(id),
      }) as unknown as Handle
    let ended = false
    const { ask, until, socket, gone } = await rig(async (_request, reply) => {
      reply.owns(handle('over', true))
      await Promise.resolve()
      reply.owns(handle('live', false))
      reply.event('began')
      return new Promise<void>((resolve) =>
        reply.whenGone(() => {
          ended = true
          resolve()
        }),
      )
    })
    ask({ id: 1, verb: 'x' })
    await until(1)
    socket.destroy()
    await gone
    expect([canceled, ended]).toEqual([['live'], true])
  })

  it('whose value cannot be written as JSON gets its text', async () => {
    const circle: Record<string, unknown> = { big: 10n }
    circle.self = circle
    const { ask, until } = await rig(async () => circle)
    ask({ id: 1, verb: 'x' })
    expect(await until(1)).toEqual([{ id: 1, result: { big: '10', self: '[repeated]' } }])
  })
})
