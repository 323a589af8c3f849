import { allProblems, explain } from 'tendon/problems'
import { describe, expect, it } from 'vitest'

/** What a fix may begin with when it is a sentence: something that somebody can do. */
const VERBS = new Set(
  `Add Allow Arm Ask Await Bring Call Cancel Check Choose Close Correct Cut Declare Decide End Find Fit Free Give Halt Install Join Keep
  Leave Let Look Make Mend Mount Move Name Open Pass Plug Publish Put Raise Read Record Remove Reset Return Run Say See Send Set
  Show Start Stop Stream Support Switch Take Use Wait Wire Write`.split(/\s+/),
)
/** Code that can be pasted: a call, an assignment, a member; or a command of a shell. */
const RUNNABLE =
  /\w\(.*\)|^[\w.]+: |^(npm|npx|node|tendon|ls|sudo|fuser|ps|kill|cat|nc|getent|openssl|journalctl|df|chmod|export|mosquitto\w*) /
const codes = Object.keys(allProblems)

describe.each(codes)('%s', (code) => {
  const found = explain(code)
  if (!found) throw new Error(`${code} has no explanation`)
  const { what, why, fix, severity, power, facts } = found

  it('is named in capitals, says each thing once, and leaves no hole in a sentence', () => {
    expect(code).toMatch(/^TENDON_[A-Z0-9]+(_[A-Z0-9]+)*$/)
    for (const text of [what, why, fix]) {
      expect(text).not.toMatch(/undefined|NaN|null|\[object|\s\s|\w\.\.(\s|$)/)
      expect(text).toBe(text.trim())
      expect(text).not.toBe('')
    }
  })

  it('says what and why in one sentence each', () => {
    for (const text of [what, why]) expect(text).toMatch(/^[^\s].*[.]$/)
    for (const text of [what, why]) expect(text).not.toMatch(/[.!?] +[A-Z"]/)
  })

  it('has one fix that somebody can do or run', () => {
    expect(fix).not.toMatch(/[.!] +[A-Z"]/)
    if (RUNNABLE.test(fix)) return
    // A sentence with a verb to follow, or one that ends in the line to write: `Add the robot that you mean: --robot x`.
    const [verb = ''] = fix.split(/[\s,]/)
    expect(VERBS.has(verb), `"${verb}" is no verb of a fix`).toBe(true)
    expect(fix).toMatch(/\.$|: \S|=\S+$/)
  })

  it('is a danger only where joints have power or may have it', () => {
    if (severity === 'danger') expect(['on', 'unknown']).toContain(power)
    if (power === 'unknown') expect(severity).not.toBe('notice')
  })

  it('says no more than its facts tell: they go through JSON and make the same sentences', () => {
    const row = allProblems[code]
    const copy = JSON.parse(JSON.stringify(row?.sample, (_, value) => (value === Infinity ? 'Infinity' : value)))
    expect(row?.what(copy)).toBe(what)
    expect(facts).toEqual(Object.keys(copy))
  })
})
