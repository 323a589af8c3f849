import { Interrupted } from '../base/outcome.ts'
import { describe, nearNames, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import {
  type Op,
  type OpGenerator,
  type OpRequest,
  type OpWatcher,
  type Runnable,
  watchingOps,
} from '../define/operation.ts'
import { RunInbox } from './inbox.ts'
import type { OpTable } from './op-table.ts'

/** How a strand ended. */
export type StrandEnd = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown }

/** What a group asks of its run. */
export interface StrandHost {
  readonly name: string
  readonly table: OpTable
  readonly limit: number
  readonly inboxSize: number
  /** Calls back in a later macrotask turn. */
  turn(fn: () => void): void
  /** A completion that answered nothing: a duplicate, or one of an older generation. */
  stale(op: string): void
}

type Resume =
  | { readonly how: 'next'; readonly value: unknown }
  | { readonly how: 'throw'; readonly error: unknown }
  | { readonly how: 'return' }

/** Completions that resume a strand at once before it must let the event loop turn. */
const BURST = 256

/** The strands of one run: the main one and those that `all`, `race` and `fork` made. */
export class StrandGroup {
  readonly host: StrandHost
  readonly #live = new Set<Strand>()
  readonly #disposers = new Set<() => void>()
  /** What forks threw that nobody has joined. */
  readonly unjoined = new Set<StrandEnd>()
  #ids = 0
  /** Grows when the run is cut off: completions for older generations are dropped. */
  generation = 0

  constructor(host: StrandHost) {
    this.host = host
  }

  /** Starts a strand. `onEnd` is called exactly once, unless the group is abandoned first. */
  start(runnable: Runnable, onEnd: (end: StrandEnd) => void): Strand {
    if (this.#live.size >= this.host.limit) throw this.#tooMany()
    const strand = new Strand(this, ++this.#ids, runnable[Symbol.iterator]() as OpGenerator<unknown>, (end) => {
      this.#live.delete(strand)
      onEnd(end)
    })
    this.#live.add(strand)
    strand.begin()
    return strand
  }

  get(id: number): Strand | undefined {
    for (const strand of this.#live) if (strand.id === id) return strand
    return undefined
  }

  /** Cuts every strand at its next `yield`; their `finally` blocks run. */
  cancel(): void {
    for (const strand of [...this.#live]) strand.cancel()
  }

  /** Cuts every strand. Resolves when they have ended. */
  async cancelled(): Promise<void> {
    await Promise.all([...this.#live].map((strand) => strand.cancelled()))
  }

  get size(): number {
    return this.#live.size
  }

  /**
   * Owns a resource (a ticker, a subscription) until the group is disposed, or until the function that is returned is
   * called. As many as strands; one more is disposed at once and throws.
   */
  own(dispose: () => void): () => void {
    if (this.#disposers.size >= this.host.limit) {
      dispose()
      throw this.#tooMany()
    }
    this.#disposers.add(dispose)
    return () => this.#disposers.delete(dispose)
  }

  #tooMany(): TendonError {
    return new TendonError(problem('TENDON_TOO_MANY_STRANDS', { script: this.host.name, limit: this.host.limit }))
  }

  /**
   * The run is over: withdraws what is under way and lets go of every strand without running it on. Resolves when
   * nothing that was withdrawn is under way any more, which may be never.
   */
  dispose(): Promise<unknown> {
    this.generation++
    const withdrawn = [...this.#live].map((strand) => strand.abandon())
    this.#live.clear()
    for (const dispose of this.#disposers) dispose()
    this.#disposers.clear()
    return Promise.all(withdrawn)
  }
}

interface Outstanding {
  readonly op: string
  readonly generation: number
  cancel: (() => void | Promise<unknown>) | undefined
  /** The cancel came before the start had returned what withdraws it. */
  tombstone: boolean
  started: boolean
}

/**
 * One generator being driven: it yields a request, the table starts it under a tag, its completion comes back with that
 * tag and resumes the generator. A strand has one request under way at a time.
 */
export class Strand implements OpWatcher {
  readonly id: number
  readonly group: StrandGroup
  readonly mailbox: RunInbox<unknown>
  readonly #generator: OpGenerator<unknown>
  readonly #onEnd: (end: StrandEnd) => void
  readonly #unyielded = new Set<Op<unknown>>()
  #tag = 0
  #outstanding: Outstanding | undefined
  #resume: Resume | undefined
  #stepping = false
  #burst = 0
  #cancelling = false
  #returned = false
  #ended = false
  #onCancelled: (() => void)[] = []

  constructor(group: StrandGroup, id: number, generator: OpGenerator<unknown>, onEnd: (end: StrandEnd) => void) {
    this.group = group
    this.id = id
    this.#generator = generator
    this.#onEnd = onEnd
    this.mailbox = new RunInbox(group.host.inboxSize)
  }

  made(op: Op<unknown>): void {
    this.#unyielded.add(op)
  }

  taken(op: Op<unknown>): void {
    this.#unyielded.delete(op)
  }

  begin(): void {
    this.#go({ how: 'next', value: undefined })
  }

  /** Cuts the strand: withdraws what it waits for, then ends the generator at that `yield`. Twice is once. */
  cancel(): void {
    if (this.#ended || this.#cancelling) return
    this.#cancelling = true
    if (this.#outstanding) this.#withdraw(this.#outstanding)
    else if (!this.#stepping) this.#go({ how: 'return' })
  }

  /** Cancels, and resolves when the strand has ended. */
  cancelled(): Promise<void> {
    if (this.#ended) return Promise.resolve()
    const ended = new Promise<void>((resolve) => this.#onCancelled.push(resolve))
    this.cancel()
    return ended
  }

  /** Lets go of it: nothing resumes it any more. */
  abandon(): Promise<void> {
    const outstanding = this.#outstanding
    this.#ended = true
    this.#outstanding = undefined
    this.mailbox.end(Interrupted.by('requested'))
    for (const resolve of this.#onCancelled) resolve()
    return outstanding ? this.#cancelOp(outstanding) : Promise.resolve()
  }

  /** A completion: only the one that the strand waits for counts. */
  #complete(tag: number, outstanding: Outstanding, resume: Resume): void {
    if (
      this.#ended ||
      tag !== this.#tag ||
      this.#outstanding !== outstanding ||
      outstanding.generation !== this.group.generation
    )
      return this.group.host.stale(outstanding.op)
    this.#outstanding = undefined
    // What a withdrawn request still answers has no one to go to: the strand is on its way out.
    this.#go(this.#cancelling && !this.#returned ? { how: 'return' } : resume)
  }

  #withdraw(outstanding: Outstanding): void {
    if (!outstanding.started) {
      outstanding.tombstone = true
      return
    }
    const tag = this.#tag
    const gone = (): void => {
      if (this.#outstanding === outstanding) this.#complete(tag, outstanding, { how: 'return' })
    }
    void this.#cancelOp(outstanding).then(gone)
  }

  /** Never rejects: what a withdrawal throws must not stop the cut. */
  async #cancelOp(outstanding: Outstanding): Promise<void> {
    try {
      await outstanding.cancel?.()
    } catch {
      this.group.host.stale(outstanding.op)
    }
  }

  /** Resumes the generator, and again while requests complete at once; now and then the event loop gets its turn. */
  #go(resume: Resume): void {
    if (this.#ended) return
    this.#resume = resume
    if (this.#stepping) return
    if (++this.#burst >= BURST) {
      this.#burst = 0
      this.group.host.turn(() => this.#drive())
    } else this.#drive()
  }

  #drive(): void {
    this.#stepping = true
    try {
      while (this.#resume && !this.#ended) {
        const resume = this.#resume
        this.#resume = undefined
        this.#step(resume)
        if (++this.#burst >= BURST && this.#resume) {
          this.#burst = 0
          this.group.host.turn(() => this.#drive())
          return
        }
      }
    } finally {
      this.#stepping = false
    }
  }

  #step(resume: Resume): void {
    let result: IteratorResult<OpRequest, unknown>
    try {
      result = watchingOps(this, () => this.#call(resume))
    } catch (error) {
      return this.#end({ ok: false, error })
    }
    if (result.done) return this.#end({ ok: true, value: result.value })
    const [forgotten] = this.#unyielded
    if (forgotten && !this.#returned) {
      this.#unyielded.clear()
      const facts = { script: this.group.host.name, operation: forgotten.name }
      this.#resume = { how: 'throw', error: new TendonError(problem('TENDON_OP_NOT_YIELDED', facts)) }
      return
    }
    this.#dispatch(result.value)
  }

  #call(resume: Resume): IteratorResult<OpRequest, unknown> {
    if (this.#cancelling && !this.#returned) {
      this.#returned = true
      return this.#generator.return(undefined as never)
    }
    if (resume.how === 'next') return this.#generator.next(resume.value)
    if (resume.how === 'throw') return this.#generator.throw(resume.error)
    this.#returned = true
    return this.#generator.return(undefined as never)
  }

  #dispatch(request: OpRequest): void {
    if (this.#cancelling && !this.#returned) {
      this.#resume = { how: 'return' }
      return
    }
    const { table } = this.group.host
    // Whatever user code yields comes by here, not only operations.
    const name: unknown = request?.op
    const row = typeof name === 'string' ? table.get(name) : undefined
    if (typeof name !== 'string' || !row) {
      const operation = typeof name === 'string' ? name : describe(request)
      const facts = { operation, near: nearNames(operation, table.keys()) }
      this.#resume = { how: 'throw', error: new TendonError(problem('TENDON_OP_UNKNOWN', facts)) }
      return
    }
    const tag = ++this.#tag
    const outstanding: Outstanding = {
      op: name,
      generation: this.group.generation,
      cancel: undefined,
      tombstone: false,
      started: false,
    }
    this.#outstanding = outstanding
    const done = (value: unknown): void => this.#complete(tag, outstanding, { how: 'next', value })
    const fail = (error: unknown): void => this.#complete(tag, outstanding, { how: 'throw', error })
    try {
      outstanding.cancel = row.start({ strand: this, args: request.args, done, fail })
    } catch (error) {
      fail(error)
    }
    outstanding.started = true
    if (outstanding.tombstone && this.#outstanding === outstanding) this.#withdraw(outstanding)
  }

  #end(end: StrandEnd): void {
    if (this.#ended) return
    this.#ended = true
    this.mailbox.end(Interrupted.by('requested'))
    const [forgotten] = this.#unyielded
    const facts = forgotten && { script: this.group.host.name, operation: forgotten.name }
    const result: StrandEnd =
      facts && end.ok && !this.#cancelling
        ? { ok: false, error: new TendonError(problem('TENDON_OP_NOT_YIELDED', facts)) }
        : end
    this.#onEnd(result)
    for (const resolve of this.#onCancelled) resolve()
  }
}
