import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const files = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.ts'))

/** What each example prints, in this order; lines between them may be others. */
const PRINTED: Readonly<Record<string, readonly RegExp[]>> = {
  '01-one-command.ts': [
    /^before arming: TENDON_DISARMED$/,
    /^armed: true$/,
    /^pan was read at 4[4-6] degrees$/,
    /^The goal of look is not valid: pan: 2\.094 rad \(120\.0 deg\) is outside/,
    /^disarmed: true, pan off$/,
  ],
  '02-categories-preempt-cancel.ts': [
    /^side by side: sweep in motion, listen in listening$/,
    /^a second listen: refused TENDON_CATEGORY_FULL$/,
    /^sweep: canceled preempted, stop confirmed true$/,
    /^look: succeeded$/,
    /^listen: succeeded$/,
    /^canceled sweep: canceled requested, stop confirmed true$/,
    /^pan turns: false$/,
  ],
  '03-custom-states.ts': [
    /^ {2}idle -> recording \(teach-\d+\)$/,
    /^The command look is not allowed in the state recording\.$/,
    /^shown: -(29|30|31), (39|40|41) degrees; now idle$/,
    /^ {2}idle -> playback \(replay-\d+\)$/,
    /^repeated 2 poses; pan stands at (39|40|41) degrees; now idle$/,
    /^ {2}idle -> disarmed \(caller\)$/,
  ],
  '04-generator-script.ts': [
    /^a whole run$/,
    /^ {2}above it, jaws open$/,
    /^ {2}gripped$/,
    /^ {2}finally$/,
    /^placed$/,
    /^cut in the middle$/,
    /^live: pickAndPlace, moveTo/,
    /^ {2}finally$/,
    /^canceled: requested$/,
    /^left alive: 0$/,
  ],
  '05-sensors-and-rules.ts': [
    /^ {2}room: unknown -> ok$/,
    /^warm, hot/,
    /^ {2}rule overheated fired: room is 41, above 40 for 0\.1 s$/,
    /^ {2}look started, because of rule overheated: room is 41, above 40 for 0\.1 s$/,
    /^cool, then very hot/,
    /^ {2}look started, because of rule overheated: room is 70, above 40 for 0\.1 s$/,
    /^ {2}room: ok -> lost$/,
    /^ {2}stopped by rule unheard: room is lost$/,
    /^room is lost, the robot is disarmed$/,
    /^ {2}room: lost -> ok$/,
    /^rule overheated: fired 2 times$/,
    /^rule unheard: fired 1 times$/,
  ],
  '06-your-own-driver.ts': [
    /^armed: true$/,
    /^the arm was read at (39|40|41) degrees$/,
    /^stopped: arm off$/,
    /^2[5-9] checks hold$/,
  ],
  '07-your-own-framing.ts': [
    /^1: 12\.5 kg$/,
    /^2: 0\.75 kg$/,
    /^3: 13\.25 kg$/,
    /^bad: {"weight":2,"length":1}$/,
    /^8 checks hold$/,
  ],
  '08-testing-your-robot.ts': [
    /lets one through: opens, waits a minute, closes/,
    /a stop in mid-motion takes its power, and the run ends as canceled/,
    /a bar that is jammed fails the run, and says so/,
    /a servo that is too hot is not powered/,
    /one reply in twenty that is lost ends nothing/,
    /pass 5$/,
    /fail 0$/,
  ],
}

describe('the examples', () => {
  it('are all run here', () => {
    expect(files).toEqual(Object.keys(PRINTED))
  })

  it.each(files)('%s says how it is run, and imports nothing but what users import', (name) => {
    const source = readFileSync(join(root, 'examples', name), 'utf8')
    expect(source).toContain(`npx tsx --conditions=tendon-source examples/${name}`)
    const imported = [...source.matchAll(/from '([^']+)'/g)].map(([, specifier]) => specifier)
    for (const specifier of imported) expect(specifier).toMatch(/^(tendon(\/\w+)?|zod|node:(test|assert\/strict))$/)
  })

  it.concurrent.each(files)(
    '%s runs without hardware, ends by itself, and prints what it shows',
    async (name) => {
      const args = ['--conditions=tendon-source', '--import', 'tsx', join('examples', name)]
      const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root, timeout: 60_000 })
      expect(stderr).toBe('')
      const lines = stdout.trimEnd().split('\n')
      let from = 0
      for (const wanted of PRINTED[name] ?? []) {
        const at = lines.findIndex((line, i) => i >= from && wanted.test(line))
        expect(at, `${wanted} is not in\n${lines.slice(from).join('\n')}`).toBeGreaterThanOrEqual(0)
        from = at + 1
      }
    },
    60_000,
  )
})
