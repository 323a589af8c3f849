import { fileURLToPath } from 'node:url'
import { type IPty, spawn } from '@lydell/node-pty'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Begun, begin, ownFolders } from '../command-line.ts'
import { here } from '../in-process.ts'

const LONG = 60_000
const root = fileURLToPath(new URL('../../..', import.meta.url))
const HOME = '\u001b[H'
const LEAVE = '\u001b[?1049l'
// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told begins with one
const ESCAPES = /\u001b\[[?\d;]*[A-Za-z]/g

describe('tendon monitor', { timeout: LONG }, () => {
  const env = ownFolders()
  let robot: Begun
  let terminal: IPty | undefined
  const start = async (): Promise<void> => {
    robot = begin(['sim', 'test/cli/turret.ts', '--stay'], env)
    await robot.until(/is up/)
  }
  beforeAll(start, LONG)
  afterEach(() => terminal?.kill('SIGKILL'))
  afterAll(() => {
    robot.child.kill('SIGKILL')
  })

  /** The monitor at a terminal, what stands on it, and how it ends. */
  function atTerminal(columns = 100, rows = 30) {
    const args = ['--conditions=tendon-source', '--import', 'tsx', 'src/cli/main.ts', 'monitor']
    const made = spawn(process.execPath, args, {
      cwd: root,
      cols: columns,
      rows,
      env: { ...process.env, ...env, NO_COLOR: '1' },
    })
    terminal = made
    let all = ''
    made.onData((text) => {
      all += text
    })
    const ended = new Promise<number>((resolve) => made.onExit(({ exitCode }) => resolve(exitCode)))
    const screen = (): string => all.slice(all.lastIndexOf(HOME)).replaceAll(ESCAPES, '')
    const shows = (wanted: RegExp) => expect.poll(screen, { timeout: LONG / 2 }).toMatch(wanted)
    return { made, shows, screen, ended, all: () => all }
  }

  it('shows the robot; space stops it: its runs end, every servo is confirmed, and it is latched', async () => {
    expect((await here(['exec', 'look', 'pan=80deg', '--arm', '--detach'], env)).code).toBe(0)
    const { made, shows, ended, all } = atTerminal()
    await shows(/ARMED {3}state idle/)
    await shows(/pan +-?\d+\.\d° \[[·┃]{20}\]/)
    made.write(' ')
    await shows(/DISARMED/)
    await shows(/stop: every servo confirmed/)
    const { out } = await here(['status'], env)
    expect(out).toMatch(/disarmed.*nothing is running; stopped by cli: the space bar of tendon monitor/)
    made.write('q')
    expect(await ended).toBe(0)
    // The terminal of the shell, as it was.
    expect(all()).toContain(LEAVE)
    expect((await here(['reset'], env)).code).toBe(0)
  })

  it('leaves the robot as it is, and the terminal as it was, when it is ended from outside', async () => {
    expect((await here(['arm'], env)).code).toBe(0)
    const { made, shows, ended, all } = atTerminal()
    await shows(/ARMED/)
    made.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(all().trimEnd().endsWith(LEAVE)).toBe(true)
    expect((await here(['status'], env)).out).toMatch(/: armed,/)
  })

  it('takes a smaller terminal as it comes', async () => {
    const { made, shows, screen } = atTerminal()
    await shows(/SPACE stops the robot now {4}q leaves/)
    made.resize(30, 10)
    await shows(/^.*SPACE stops the robot now {3}…$/m)
    const lines = screen().split(/\r*\n/)
    expect(lines.length).toBe(10)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(30)
  })

  it('says that the robot is gone, and goes on when it is back', async () => {
    const { shows } = atTerminal()
    await shows(/ARMED/)
    robot.child.kill('SIGKILL')
    await shows(/NO ANSWER, last known/)
    await start()
    await shows(/DISARMED {3}state disarmed/)
  })

  it('without a terminal says what to use in its place; with --json prints state and events', async () => {
    const { code, err } = await here(['monitor'], env)
    expect([code, err]).toEqual([2, expect.stringContaining('tendon status --json, or: tendon events --follow')])
    const json = begin(['monitor', 'turret', '--json'], env)
    const out = await json.until(/"type":"status"/)
    json.child.kill('SIGINT')
    expect((await json.ended).code).toBe(0)
    for (const line of out.trim().split('\n').slice(0, -1)) expect(JSON.parse(line)).toHaveProperty('type')
  })

  it('of a robot that is not there ends at once, as every verb does', async () => {
    const { code, err } = await here(['monitor', 'nobody', '--json'], env)
    expect([code, err]).toEqual([69, expect.stringContaining('TENDON_CONTROL_NO_ROBOT')])
  })
})
