import { describe, expect, it } from 'vitest'
import { sourcesIn } from './sources.ts'

/** Where the source makes an error without a code, how often, and why it reaches nobody who calls Tendon. */
const ALLOWED: Readonly<Record<string, readonly [times: number, why: string]>> = {
  'src/cli/complete.ts': [1, 'caught by the function that calls it: a completion is empty then'],
  'src/guard/messages.ts': [
    1,
    'no bus has a frame that long; it becomes the reason of TENDON_ARM_NO_GUARD or TENDON_GUARD_LOST',
  ],
  'src/guard/process-guard.ts': [4, 'become the reason of TENDON_ARM_NO_GUARD or of TENDON_GUARD_LOST'],
  'src/motion/rig.ts': [1, 'an axis always comes from the rig that is asked for it'],
  'src/params/vault.ts': [1, 'becomes the reason of TENDON_PARAMETER_STORE_FAILED'],
  'src/runtime/services.ts': [1, 'becomes the reason of TENDON_SERVICE_FAILED'],
  'src/safety/arming.ts': [1, 'becomes the reason of TENDON_ARM_SERVO_SILENT'],
  'src/safety/guards.ts': [1, 'becomes the reason of TENDON_ARM_NO_GUARD'],
  'src/sim/listeners.ts': [1, 'a listener threw something else than an Error: a warning of the process'],
  'src/testing/transport-conformance.ts': [1, 'a listener of the suite that throws on purpose'],
  'src/transports/gpio-input.ts': [1, 'a listener threw something else than an Error: a warning of the process'],
  'src/transports/link-listeners.ts': [1, 'a listener threw something else than an Error: a warning of the process'],
  'src/transports/mqtt/mqtt-link.ts': [1, 'a listener threw something else than an Error: a warning of the process'],
  'src/transports/mqtt/subscriptions.ts': [
    1,
    'a listener threw something else than an Error: a warning of the process',
  ],
  'src/transports/serial.ts': [1, 'becomes the reason of TENDON_LINK_LOST'],
}
/** What is an Error without being a TendonError, and for whom. */
const CLASSES: Readonly<Record<string, string>> = {
  'src/base/outcome.ts': 'Interrupted: what a body sees that is being canceled; the runtime catches it',
  'src/base/problem.ts': 'TendonError itself',
  'src/cli/stage.ts': 'StoryFailed: caught by `tendon sim`, which prints its problems',
  'src/cli/usage-error.ts': 'UsageError: caught by the command line, which prints it with its fix',
}
const PLAIN = /\bnew (?:Error|RangeError|TypeError|SyntaxError|EvalError|URIError|AggregateError)\(/g

const codeOf = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
const source = sourcesIn('src', /\.ts$/).map(({ path, text }) => ({ path, text: codeOf(text) }))

describe('the source', () => {
  it('makes no error without a code, but where it reaches nobody', () => {
    const found = source.flatMap(({ path, text }) => {
      const times = text.match(PLAIN)?.length ?? 0
      return times === 0 ? [] : [[path, times]]
    })
    const allowed = Object.entries(ALLOWED).map(([path, [times]]) => [path, times])
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(allowed))
  })

  it('has no class of errors besides TendonError, but where it is caught', () => {
    const found = source.filter(({ text }) => /\bextends \w*Error\b/.test(text)).map(({ path }) => path)
    expect(found.sort()).toEqual(Object.keys(CLASSES).sort())
  })
})
