import type { Cause } from '../base/cause.ts'
import type { Clock } from '../base/clock.ts'
import { describe, nearNames, type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Storage } from '../base/storage.ts'
import type { Limits } from '../define/limits.ts'
import {
  acceptedBy,
  faultsOf,
  formatValue,
  isNumeric,
  type ParameterMap,
  type ParameterSpec,
  type ParameterValue,
  parseValue,
} from '../define/parameter.ts'
import type { EventLog } from '../log/event-log.ts'
import { emptyDocument, type ParameterDocument, readDocument, sortDocument, writeDocument } from './document.ts'
import { parameterProblem } from './problems.ts'
import type { ParameterChange, ParameterInfo, RobotParameters } from './robot-parameters.ts'
import { Vault } from './vault.ts'

/** What a store is made of. */
export interface StoreParts {
  readonly robot: string
  readonly specs: ParameterMap
  readonly storage: Storage
  readonly clock: Clock
  readonly log: EventLog
  readonly limits: Pick<Limits, 'storageTimeout' | 'parameterQueue'>
  /** Something was recorded that listeners have not heard of. */
  tell(): void
}

/** A change that somebody waits for. */
interface Change {
  readonly name: string
  /** Undefined: back to the default. */
  readonly value: ParameterValue | undefined
  readonly by: string
  readonly reason: string
  resolve(): void
  reject(error: TendonError): void
}

/**
 * The parameters of one running robot. A value is stored first and in force afterwards, so that the value in force is
 * always the last one that was acknowledged, and is what a restart finds. Changes that come while one is being stored
 * wait, and are stored together with the next write.
 */
export class ParameterStore implements RobotParameters {
  /** The values in force by name, each read when it is asked for. */
  readonly values: Readonly<Record<string, ParameterValue>>
  readonly #parts: StoreParts
  readonly #vault: Vault
  readonly #inForce = new Map<string, ParameterValue>()
  #document: ParameterDocument = emptyDocument
  /** The stored text may differ from `#document`: a write failed, or was late. */
  #stale = false
  /** A document that cannot be used and has not been put aside yet: it must be before anything takes its place. */
  #misfit: string | undefined
  #waiting: Change[] = []
  #work: Promise<void> | undefined
  #closed = false
  readonly #listeners = new Set<() => void>()

  constructor(parts: StoreParts) {
    this.#parts = parts
    this.#vault = new Vault(parts.robot, parts.storage, parts.clock, parts.limits.storageTimeout)
    const values = {}
    for (const [name, spec] of Object.entries(parts.specs)) {
      this.#inForce.set(name, spec.default)
      Object.defineProperty(values, name, { enumerable: true, get: () => this.#inForce.get(name) })
    }
    this.values = Object.freeze(values)
  }

  // ── load ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Takes what was stored, where the definition still accepts it. Rejects with `TENDON_PARAMETERS_UNREADABLE` when the
   * storage cannot be read; a robot without parameters does not touch it.
   */
  async load(): Promise<void> {
    const { robot, specs } = this.#parts
    if (Object.keys(specs).length === 0) return
    let text: string | undefined
    try {
      text = await this.#vault.read()
    } catch (error) {
      const facts = { robot, reason: describe(error) }
      throw new TendonError(parameterProblem('TENDON_PARAMETERS_UNREADABLE', facts, error))
    }
    if (text === undefined) return
    const read = readDocument(text)
    if ('fault' in read) await this.#quarantineAll(text, read.fault)
    else await this.#take(read)
    this.#parts.tell()
  }

  async #take(read: ParameterDocument): Promise<void> {
    const { specs, clock, log } = this.#parts
    const { good, bad, unknown, document } = sortDocument(read, specs, Math.round(clock.wall()))
    this.#document = document
    for (const [name, value] of good) this.#inForce.set(name, value)
    for (const { name, value: stored, reasons: issues } of bad) {
      const spec = specs[name] as ParameterSpec
      const facts = { name, stored, issues, used: formatValue(spec, spec.default) }
      log.record({ type: 'parameter_quarantined', problem: parameterProblem('TENDON_PARAMETER_QUARANTINED', facts) })
    }
    if (unknown.length > 0) log.record({ type: 'note', what: 'parameters.unknown', facts: { names: unknown } })
    if (bad.length > 0) await this.#tryToSave()
  }

  async #quarantineAll(text: string, reason: string): Promise<void> {
    const { robot, log } = this.#parts
    this.#misfit = text
    const kept = await this.#tryToSave()
    const found = parameterProblem('TENDON_PARAMETERS_QUARANTINED', { robot, reason, kept })
    log.record({ type: 'parameter_quarantined', problem: found })
  }

  /** At the start: a storage that can be read and not written keeps its text, and the next change tries again. */
  async #tryToSave(): Promise<string | undefined> {
    try {
      return await this.#save(this.#document)
    } catch (error) {
      const facts = { reason: describe(error) }
      this.#parts.log.record({ type: 'note', what: 'parameters.not_stored', facts })
      return undefined
    }
  }

  /** Stores this document; gives the name under which the misfit before it was put aside, if there was one. */
  async #save(document: ParameterDocument): Promise<string | undefined> {
    this.#stale = true
    const kept = this.#misfit === undefined ? undefined : await this.#vault.putAside(this.#misfit)
    this.#misfit = undefined
    await this.#vault.write(writeDocument(document))
    this.#stale = false
    return kept
  }

  // ── read ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  get(name: string): never {
    this.#specOf(name)
    // The keys of the definition type the value; here any of them may be meant.
    return this.#inForce.get(name) as never
  }

  all(): ParameterInfo[] {
    return Object.entries(this.#parts.specs).map(([name, spec]) => this.#infoOf(name, spec))
  }

  #infoOf(name: string, spec: ParameterSpec): ParameterInfo {
    const value = this.#inForce.get(name) as ParameterValue
    const { min, max, step, unit } = isNumeric(spec) ? spec : NO_RANGE
    return {
      name,
      kind: spec.kind,
      value,
      default: spec.default,
      min,
      max,
      step,
      unit,
      choices: spec.kind === 'choice' ? spec.choices : undefined,
      doc: spec.doc,
      changed: this.#document.values.has(name),
      shown: formatValue(spec, value),
      accepts: acceptedBy(spec),
    }
  }

  parse(name: string, text: string): never {
    const spec = this.#specOf(name)
    const parsed = parseValue(spec, text)
    if ('faults' in parsed) throw new TendonError(invalid(name, spec, text, parsed.faults))
    return parsed.value as never
  }

  #specOf(name: string): ParameterSpec {
    const { specs } = this.#parts
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
    if (spec) return spec
    const near = nearNames(name, Object.keys(specs))
    throw new TendonError(parameterProblem('TENDON_UNKNOWN_PARAMETER', { name, near }))
  }

  // ── change ───────────────────────────────────────────────────────────────────────────────────────────────────────

  async set(name: string, value: ParameterValue, cause: Cause = {}): Promise<void> {
    const spec = this.#specOf(name)
    const faults = faultsOf(spec, value)
    if (faults.length > 0) throw new TendonError(invalid(name, spec, value, faults))
    await this.#change(name, value, { reason: 'set', ...cause })
  }

  async reset(name: string, cause: Cause = {}): Promise<void> {
    this.#specOf(name)
    await this.#change(name, undefined, { reason: 'reset', ...cause })
  }

  #change(name: string, value: ParameterValue | undefined, { by = 'caller', reason = '' }: Cause): Promise<void> {
    const { robot, limits } = this.#parts
    if (this.#closed) throw new TendonError(problem('TENDON_CLOSED', { robot }))
    if (this.#waiting.length >= limits.parameterQueue)
      throw notStored({ name, value }, `${this.#waiting.length} changes are waiting for the storage already`)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, value, by, reason, resolve, reject })
      this.#kick()
    })
  }

  #kick(): void {
    this.#work ??= this.#workOff().finally(() => {
      this.#work = undefined
      // Whoever was answered last may have asked for more before this was reached.
      if (this.#waiting.length > 0) this.#kick()
    })
  }

  /**
   * Everything that waits goes into one write. After a failed one the text of before is written once more, because half
   * of a write may have come to pass; when that fails too, the next change brings the storage in order.
   */
  async #workOff(): Promise<void> {
    while (this.#waiting.length > 0 || this.#stale) {
      const changes = this.#waiting.splice(0)
      const next = withChanges(this.#document, changes)
      try {
        if (this.#stale || next !== this.#document) await this.#save(next)
      } catch (error) {
        for (const change of changes) change.reject(notStored(change, describe(error), error))
        if (changes.length > 0 && !this.#closed) continue
        return this.#repairLater()
      }
      this.#document = next
      for (const change of changes) this.#apply(change)
      this.#parts.tell()
    }
  }

  /** A write that hangs may end, for good or ill, long after everybody was told that it failed. */
  #repairLater(): void {
    void this.#vault.unfinished?.then(() => {
      if (this.#stale && !this.#closed) this.#kick()
    })
  }

  #apply({ name, value, by, reason, resolve }: Change): void {
    const { log, specs } = this.#parts
    const from = this.#inForce.get(name) as ParameterValue
    const to = value ?? (specs[name] as ParameterSpec).default
    if (to !== from) {
      this.#inForce.set(name, to)
      log.record({ type: 'parameter', name, from, to, by, reason })
    }
    resolve()
  }

  // ── listen ───────────────────────────────────────────────────────────────────────────────────────────────────────

  on(name: string, listener: (change: never) => void): () => void {
    this.#specOf(name)
    return this.onAny((change) => {
      if (change.name === name) listener(change as never)
    })
  }

  onAny(listener: (change: ParameterChange) => void): () => void {
    if (this.#closed) return () => {}
    const end = this.#parts.log.on('parameter', listener)
    this.#listeners.add(end)
    return () => {
      this.#listeners.delete(end)
      end()
    }
  }

  // ── end ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Finishes the write under way, within its bound; changes that wait behind it are refused. */
  async close(): Promise<void> {
    this.#closed = true
    const closed = new TendonError(problem('TENDON_CLOSED', { robot: this.#parts.robot }))
    for (const change of this.#waiting.splice(0)) change.reject(closed)
    await this.#work
  }

  /** After the last event was told: nobody is called any more. */
  end(): void {
    for (const end of this.#listeners) end()
    this.#listeners.clear()
  }
}

const NO_RANGE: { readonly [K in 'min' | 'max' | 'step' | 'unit']?: undefined } = {}

const invalid = (name: string, spec: ParameterSpec, value: unknown, issues: readonly string[]): Problem =>
  parameterProblem('TENDON_PARAMETER_INVALID', { name, value, issues, accepts: acceptedBy(spec) })

function notStored({ name, value }: Pick<Change, 'name' | 'value'>, reason: string, cause?: unknown): TendonError {
  return new TendonError(parameterProblem('TENDON_PARAMETER_STORE_FAILED', { name, value, reason }, cause))
}

/** The document with these changes, in their order; the same one when they change nothing. */
function withChanges(document: ParameterDocument, changes: readonly Change[]): ParameterDocument {
  const values = new Map(document.values)
  for (const { name, value } of changes) {
    if (value === undefined) values.delete(name)
    else values.set(name, value)
  }
  const isSame =
    values.size === document.values.size && [...values].every(([name, v]) => document.values.get(name) === v)
  return isSame ? document : { ...document, values }
}
