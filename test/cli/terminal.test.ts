import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openPty, type Pty } from 'tendon/pty'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { outputFor } from '../../src/cli/output.ts'
import { type Begun, begin, ownFolders, tendon } from './command-line.ts'

const LONG = 60_000
const BAR = '█'
/** What the commands of a terminal begin with. */
const ESCAPE = '\u001b['
const root = fileURLToPath(new URL('../..', import.meta.url))

describe('tendon exec on a terminal', { timeout: LONG }, () => {
  const env = ownFolders()
  let robot: Begun
  let terminal: Pty | undefined
  beforeAll(async () => {
    robot = begin(['sim', 'test/cli/turret.ts'], env)
    await robot.until(/is up/)
    expect((await tendon(['arm'], undefined, env)).code).toBe(0)
  }, LONG)
  afterEach(async () => {
    await terminal?.close()
    terminal = undefined
  })
  afterAll(() => {
    robot.child.kill('SIGKILL')
  })

  /** A program whose three streams are a terminal, and what the person at it sees. */
  async function atTerminal(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
    terminal = await openPty()
    const { connection, path } = terminal
    let screen = ''
    connection.onBytes((chunk) => {
      screen += Buffer.from(chunk).toString('utf8')
    })
    const stream = openSync(path, 'r+')
    const child: ChildProcess = spawn(
      process.execPath,
      ['--conditions=tendon-source', '--import', 'tsx', 'src/cli/main.ts', ...args],
      {
        cwd: root,
        stdio: [stream, stream, stream],
        env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, TERM: 'xterm', ...env, ...more },
      },
    )
    closeSync(stream)
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
    return { code, screen: () => screen }
  }

  it('draws a bar that moves, and takes it away before the outcome', async () => {
    const { code, screen } = await atTerminal(['exec', 'look', 'pan=85deg'])
    expect(code).toBe(0)
    await expect.poll(screen).toMatch(/look succeeded/)
    expect(screen().split(BAR).length).toBeGreaterThan(10)
    expect(screen()).toContain(ESCAPE)
    expect(screen()).not.toMatch(/look 25 %\r?\n/)
    expect(screen().slice(screen().indexOf('succeeded'))).not.toContain(BAR)
  })

  it('has no colour under NO_COLOR, and still its bar', async () => {
    const { screen } = await atTerminal(['exec', 'look', 'pan=-85deg'], { NO_COLOR: '1' })
    await expect.poll(screen).toMatch(/✓ look succeeded/)
    for (const color of [31, 32, 33]) expect(screen()).not.toContain(`${ESCAPE}${color}m`)
    expect(screen()).toContain(BAR)
  })

  it('status shows where each joint is in its range', async () => {
    const { screen } = await atTerminal(['status'])
    await expect.poll(screen).toMatch(/pan +-?\d+\.\d deg .*\[[·┃]{24}\]/)
  })
})

describe('colour', () => {
  const terminal = { isTTY: true, write: () => true }
  const pipe = { isTTY: false, write: () => true }
  it.each([
    ['a terminal', terminal, {}, true],
    ['a pipe', pipe, {}, false],
    ['a terminal under NO_COLOR', terminal, { NO_COLOR: '1' }, false],
    ['a terminal under an empty NO_COLOR', terminal, { NO_COLOR: '' }, true],
    ['a pipe under FORCE_COLOR', pipe, { FORCE_COLOR: '1' }, true],
    ['a terminal under FORCE_COLOR=0', terminal, { FORCE_COLOR: '0' }, false],
    ['NO_COLOR and FORCE_COLOR', terminal, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    ['a dumb terminal', terminal, { TERM: 'dumb' }, false],
  ])('on %s', (_what, stream, env, wanted) => {
    expect(outputFor(false, { out: stream, env }).colors.isColorSupported).toBe(wanted)
  })
})

describe('the output', () => {
  const caught = () => {
    const written: string[] = []
    const write = (text: string | Uint8Array): boolean => {
      written.push(String(text))
      return true
    }
    return { written, stream: { write, isTTY: false } }
  }
  const found = {
    code: 'TENDON_X',
    severity: 'danger',
    power: 'unknown',
    facts: {},
    what: 'It broke.',
    why: 'Because.',
    fix: 'mend it',
  } as const

  it('puts a problem on standard error with what it means for power, and nothing on standard output', () => {
    const [out, err] = [caught(), caught()]
    outputFor(false, { out: out.stream, err: err.stream, env: {} }).problem(found)
    expect(out.written).toEqual([])
    expect(err.written.join('')).toBe(
      'TENDON_X: It broke.\n  why:   Because.\n  fix:   mend it\n  power: Power may still be on: keep clear.\n',
    )
  })

  it('says nothing of power where it is as it was before', () => {
    const err = caught()
    outputFor(false, { out: caught().stream, err: err.stream, env: {} }).problem({ ...found, power: 'unchanged' })
    expect(err.written.join('')).not.toContain('power')
  })

  it('in JSON writes objects only, never painted, the problem among them', () => {
    const out = caught()
    const output = outputFor(true, { out: out.stream, err: caught().stream, env: { FORCE_COLOR: '1' } })
    output.say('for people')
    output.show({ a: 1 }, output.colors.red('one'))
    output.problem(found)
    expect(out.written.map((line) => JSON.parse(line))).toEqual([{ a: 1 }, { type: 'problem', ...found }])
  })
})
