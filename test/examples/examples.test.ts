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
}

describe('the examples', () => {
  it('are all run here', () => {
    expect(files).toEqual(Object.keys(PRINTED))
  })

  it.each(files)('%s says how it is run, and imports nothing but what users import', (name) => {
    const source = readFileSync(join(root, 'examples', name), 'utf8')
    expect(source).toContain(`npx tsx --conditions=tendon-source examples/${name}`)
    const imported = [...source.matchAll(/from '([^']+)'/g)].map(([, specifier]) => specifier)
    for (const specifier of imported) expect(specifier).toMatch(/^(tendon(\/\w+)?|zod)$/)
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
