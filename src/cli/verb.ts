/** One positional argument of a verb. */
export interface Argument {
  readonly name: string
  readonly optional?: boolean
  /** Takes all that follow; only the last one may. */
  readonly rest?: boolean
}

/** One flag of a verb. */
export interface Option {
  readonly name: string
  /** What stands behind it, for the help: `joint=kind`. Absent: a flag without a value. */
  readonly value?: string
  /** The value, a path, may be left out. */
  readonly bare?: boolean
  /** It may be given several times. */
  readonly many?: boolean
  readonly doc: string
}

/** The words behind a verb, sorted: every one of them is known to it. */
export interface Call {
  readonly verb: string
  readonly args: readonly string[]
  /** What was given for a flag, in order; a flag without a value stands for itself as `''`. */
  readonly options: ReadonlyMap<string, readonly string[]>
}

/** Does what a verb says; resolves to the exit code. Rejects with a `UsageError` or a `TendonError`. */
export type Perform = (call: Call, verbs: readonly Verb[]) => Promise<number>

/** A verb of the command line as data: what it takes, and where its code is. Nothing is loaded before it is called. */
export interface Verb {
  readonly name: string
  readonly doc: string
  readonly args?: readonly Argument[]
  readonly options?: readonly Option[]
  readonly examples?: readonly string[]
  /** Left out of the help: for shells, not for people. */
  readonly hidden?: boolean
  load(): Promise<Perform>
}

/** Whether a flag was given. */
export const has = ({ options }: Call, name: string): boolean => options.has(name)

/** What was given for a flag, the last time that it was. */
export const given = ({ options }: Call, name: string): string | undefined => options.get(name)?.at(-1)

/** All that was given for a flag that may be repeated. */
export const allGiven = ({ options }: Call, name: string): readonly string[] => options.get(name) ?? []
