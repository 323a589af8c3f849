import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

/** The bench as `npm run -s bench` starts it. */
function bench(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const node = ['--expose-gc', '--conditions=tendon-source', '--import', 'tsx', 'bench/run.ts']
  return promisify(execFile)(process.execPath, [...node, ...args])
}

describe('the bench', () => {
  it('prints one object per line with --json, and nothing else', async () => {
    const { stdout, stderr } = await bench('G12', '--smoke', '--json')
    expect(stderr).toBe('')
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rows).toEqual([
      {
        goal: 'G12',
        case: '10,000 late awaiters',
        value: 0,
        unit: 'lost outcomes',
        target: '<=0',
        met: true,
        rounds: 1,
        spread: [0, 0],
      },
    ])
  }, 30_000)

  it('prints a table without it', async () => {
    const { stdout } = await bench('g12', '--smoke')
    expect(stdout).toMatch(/goal +case +value +target +spread\n/)
    expect(stdout).toMatch(/ok +G12 +10,000 late awaiters +0 lost outcomes/)
  }, 30_000)

  it('watches real control loops: none of their ticks is early, none is missed and not counted', async () => {
    const { stdout } = await bench('G9', '--smoke', '--json')
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const counted = rows.filter(({ unit }) => unit === 'ticks')
    expect(counted.length).toBeGreaterThan(8)
    for (const row of counted) expect(row).toMatchObject({ goal: 'G9', value: 0, met: true })
  }, 30_000)

  it('names the goals it knows when it is asked for another', async () => {
    await expect(bench('G99')).rejects.toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('unknown goal G99; there are G1, G2, G4'),
    })
  }, 30_000)
})
