import { sleep } from '../base/clock.ts'
import type { Problem } from '../base/problem.ts'
import type { ByteConnection } from '../device/transport.ts'
import { type ConformanceCheck, codeOf, must, thrownBy } from './conformance.ts'
import { hex } from './hex.ts'
import { collect, Link, type TransportSubject } from './transport-link.ts'
import { VirtualClock } from './virtual-clock.ts'

export type { TransportSubject } from './transport-link.ts'

export interface TransportConformanceOptions {
  /** Whether the subjects can `unplug`. Default true; false leaves out what a transport must prove of a lost link. */
  readonly losable?: boolean | undefined
}

/**
 * What every transport must prove: bytes go through unchanged and in order; a closed link refuses writes, keeps nothing
 * and tells nothing; a lost one is told once; listeners do not disturb each other. `make` gives a new subject for each
 * check, whose transport is not open.
 */
export function transportConformance(
  make: () => TransportSubject | Promise<TransportSubject>,
  { losable = true }: TransportConformanceOptions = {},
): ConformanceCheck[] {
  const check = (name: string, run: (link: Link) => Promise<void>): ConformanceCheck => ({
    name,
    run: async () => {
      const subject = await make()
      const link = new Link(subject)
      try {
        await run(link)
        await link.close()
      } catch (thrown) {
        link.abandon()
        throw thrown
      } finally {
        await subject.end?.()
      }
    },
  })
  const losses = [
    check('a loss is told once, as a problem, in a later turn; then it is not open and refuses writes', isLostOnce),
    check('close after a loss returns', closesAfterLoss),
    check('opening while nothing is plugged in rejects with a TendonError', refusesToOpen),
  ]
  return [
    check('every byte goes through unchanged and in order, both ways', carries),
    check('what is written is taken at once: the writer may use its buffer again', takesACopy),
    check('a write after close is refused as TENDON_LINK_CLOSED, and the next opening does not send it', keepsNothing),
    check('a new opening is a new link: listeners of the one before hear nothing of it', opensAnew),
    check('close ends listeners, can be called twice, and tells nobody of a loss', closes),
    check('nothing is delivered after close was called', isSilentAfterClose),
    check('a listener that throws disturbs no other', isolatesListeners),
    check('ending a subscription twice ends it, and no other one of the same function', unsubscribes),
    check('a closed link leaves no timer', leavesNoTimer),
    ...(losable ? losses : []),
  ]
}

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte)
/** What terminals translate, swallow or take for orders. */
const AWKWARD = Uint8Array.of(0x03, 0x0a, 0x0d, 0x0d, 0x0a, 0x11, 0x13, 0x04, 0x1a, 0x00, 0xff, 0xff, 0x7f)

async function carries(link: Link): Promise<void> {
  const connection = await link.open()
  must(connection.isOpen, 'an opened link says that it is not open')
  const sent = [...EVERY_BYTE, ...AWKWARD]
  connection.write(EVERY_BYTE)
  connection.write(AWKWARD)
  await link.heard(sent)
  const seen = collect(connection)
  link.subject.send(EVERY_BYTE)
  link.subject.send(AWKWARD)
  const what = (): string => `${hex(sent)} was sent, and ${hex(seen)} arrived`
  await link.until(() => seen.length >= sent.length, what)
  must(hex(seen) === hex(sent), what)
}

async function takesACopy(link: Link): Promise<void> {
  const connection = await link.open()
  const buffer = Uint8Array.of(1, 2, 3)
  connection.write(buffer)
  buffer.fill(9)
  await link.heard([1, 2, 3])
}

async function keepsNothing(link: Link): Promise<void> {
  const first = await link.open()
  await link.wait(first.close())
  must(!first.isOpen, 'a closed link says that it is open')
  await mustRefuse(first)
  const again = await link.open()
  await mustRefuse(first)
  again.write(Uint8Array.of(2))
  await link.heard([2])
}

async function mustRefuse(connection: ByteConnection): Promise<void> {
  const code = codeOf(await thrownBy(() => connection.write(Uint8Array.of(1)), 'a write to a link that is not open'))
  must(code === 'TENDON_LINK_CLOSED', `a write to a link that is not open threw ${code}`)
}

async function opensAnew(link: Link): Promise<void> {
  const first = await link.open()
  const old = collect(first)
  await link.wait(first.close())
  const second = await link.open()
  must(second !== first, 'the second opening gave the first link again')
  const seen = collect(second)
  link.subject.send(Uint8Array.of(7))
  await link.until(
    () => seen.includes(7),
    () => 'nothing arrived over the second link',
  )
  must(old.length === 0, () => `a listener of the closed link heard ${hex(old)}`)
}

async function closes(link: Link): Promise<void> {
  const connection = await link.open()
  const seen = collect(connection)
  let losses = 0
  connection.onLost(() => losses++)
  await link.wait(Promise.all([connection.close(), connection.close()]))
  must(!connection.isOpen, 'a closed link says that it is open')
  await link.flush()
  must(losses === 0, 'who closed a link was told that it was lost')
  must(seen.length === 0, () => `a listener of the closed link heard ${hex(seen)}`)
}

async function isSilentAfterClose(link: Link): Promise<void> {
  const connection = await link.open()
  const seen = collect(connection)
  link.subject.send(Uint8Array.of(1))
  const closed = connection.close()
  const atClose = seen.length
  await link.wait(closed)
  await link.flush()
  must(seen.length === atClose, () => `${hex(seen.slice(atClose))} was delivered after close was called`)
}

async function isLostOnce(link: Link): Promise<void> {
  const connection = await link.open()
  const told: Problem[] = []
  connection.onLost((problem) => told.push(problem))
  const unplugged = link.unplug()
  must(told.length === 0, 'the loss was told from inside the call that caused it')
  if (unplugged) await link.wait(unplugged)
  await link.until(
    () => told.length > 0,
    () => 'the link was unplugged, and nobody was told',
  )
  must(!connection.isOpen, 'a lost link says that it is open')
  await mustRefuse(connection)
  await link.wait(sleep(link.subject.clock, 0.05))
  must(told.length === 1, `the loss was told ${told.length} times`)
  const [problem] = told
  must(typeof problem?.code === 'string' && problem.what.length > 0, 'the loss was told without a problem')
}

async function closesAfterLoss(link: Link): Promise<void> {
  const connection = await link.open()
  await link.unplug()
  let closed = false
  void connection.close().then(() => {
    closed = true
  })
  await link.until(
    () => closed,
    () => 'close did not return after the link was lost',
  )
}

async function refusesToOpen(link: Link): Promise<void> {
  const { transport, clock } = link.subject
  const connection = await link.open()
  await link.unplug()
  await link.wait(connection.close())
  const thrown = await thrownBy(() => link.wait(transport.open({ clock })), 'opening without a cable')
  must(codeOf(thrown).startsWith('TENDON_'), `opening without a cable rejected with ${codeOf(thrown)}`)
}

async function isolatesListeners(link: Link): Promise<void> {
  const connection = await link.open()
  connection.onBytes(() => {
    // It becomes a process warning, which whoever runs the suite sees.
    throw new Error('a listener of the conformance suite throws on purpose')
  })
  const seen = collect(connection)
  link.subject.send(Uint8Array.of(5))
  await link.until(
    () => seen.length > 0,
    () => 'a listener that threw kept the bytes from the next one',
  )
}

async function unsubscribes(link: Link): Promise<void> {
  const connection = await link.open()
  let calls = 0
  const listener = (): void => void calls++
  const end = connection.onBytes(listener)
  connection.onBytes(listener)
  end()
  end()
  const seen = collect(connection)
  link.subject.send(Uint8Array.of(1))
  await link.until(
    () => seen.length > 0,
    () => 'nothing arrived',
  )
  must(calls === 1, `of a function that was subscribed twice and ended once, ${calls} heard`)
}

async function leavesNoTimer(link: Link): Promise<void> {
  const { clock } = link.subject
  const connection = await link.open()
  connection.write(Uint8Array.of(1))
  await link.heard([1])
  await link.wait(connection.close())
  if (clock instanceof VirtualClock) must(clock.pending === 0, `${clock.pending} timers are left`)
}
