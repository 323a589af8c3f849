import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawn as spawnOnTerminal } from '@lydell/node-pty'
import { describe, expect, it } from 'vitest'
import { VendorClient } from '../sim/vendor-client.ts'
import { tendon } from './command-line.ts'

const JOINTS = ['shoulder_pan', 'shoulder_lift', 'elbow_flex', 'wrist_flex', 'wrist_roll', 'gripper']

describe.concurrent('tendon sim', { timeout: 60_000 }, () => {
  it('tells the whole story of the SO-101: armed, stopped in mid-motion, armed again, at rest, every servo off', async () => {
    const { code, out, err } = await tendon(['sim', 'so101'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out.match(/^armed; read from the servos:$/gm)).toHaveLength(2)
    expect(out).toMatch(/moveTo canceled \(safety\)/)
    expect(out).toMatch(/home is refused: The robot was stopped by the story/)
    for (const label of ['stop', 'retire']) {
      const verdict = out.split(`\n${label}: every servo confirmed\n`)[1] ?? ''
      for (const [index, joint] of JOINTS.entries())
        expect(verdict.split('\n')[index]).toMatch(new RegExp(`^ +${joint} +servo ${index + 1} +off$`))
    }
    expect(out).toMatch(/compass: [1-9]\d* headings/)
    expect(out).not.toContain('\u001b')
  })

  it('with a stuck joint fails, names the joint and what it means for power, disarms and exits 1', async () => {
    const { code, out } = await tendon(['sim', 'so101', '--fault', 'elbow_flex=stuck'])
    expect(code).toBe(1)
    expect(out).toMatch(/TENDON_JOINT_STALLED: elbow_flex stalled/)
    expect(out).toMatch(/Joints have power/)
    expect(out).toMatch(/disarm: every servo confirmed/)
  })

  it('with a silent servo does not arm, names it, and exits 75: power is not confirmed off', async () => {
    const { code, out } = await tendon(['sim', 'so101', 'home', '--fault', 'wrist_roll=silent'])
    expect(code).toBe(75)
    expect(out).toMatch(/TENDON_ARM_SERVO_SILENT/)
    expect(out.match(/not confirmed \(/g)).toHaveLength(1)
    expect(out).toMatch(/wrist_roll +servo 5 +not confirmed/)
  })

  it('--json prints one object a line: events in order, and the verdict of each servo', async () => {
    const { code, out } = await tendon(['sim', 'so101', 'home', '--json'])
    expect(code).toBe(0)
    const lines = out
      .trimEnd()
      .split('\n')
      .map(
        (line) =>
          JSON.parse(line) as { type: string; seq?: number; name?: string; value?: { joints: { verdict: string }[] } },
      )
    const events = lines.filter((line) => line.seq !== undefined)
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1))
    expect(events.map((event) => event.type)).toContain('started')
    const verdict = lines.find((line) => line.name === 'verdict')
    expect(verdict?.value?.joints.map((joint) => joint.verdict)).toEqual(JOINTS.map(() => 'off'))
  })

  it('Ctrl-C in mid-motion retires: the rest command runs, every servo is off, exit 130', async () => {
    let sent = false
    const { code, out } = await tendon(['sim', 'so101', '--json'], (text, child) => {
      if (sent || !text.includes('"command":"moveTo"')) return
      sent = true
      child.kill('SIGINT')
    })
    expect(code).toBe(130)
    expect(out).toMatch(/"type":"ended","run":"rest-\d+","command":"rest","status":"succeeded"/)
    expect(out).toMatch(/"type":"verdict","confirmed":true/)
  })

  it('begins faults at their times: one that is due in a minute does nothing to what is over before', async () => {
    const { code, out } = await tendon(['sim', 'so101', 'home', '--fault', 'elbow_flex=stuck@60s'])
    expect(code).toBe(0)
    expect(out).toMatch(/retire: every servo confirmed/)
  })

  it('several faults at once: each does what it does', async () => {
    const faults = ['--fault', 'all=duplicate:50%', '--fault', 'elbow_flex=stuck@0.4s']
    const { code, out } = await tendon(['sim', 'so101', 'home', '--json', ...faults])
    expect(code).toBe(1)
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { code?: string; value?: { unexpected?: number } })
    expect(lines.some((line) => line.code === 'TENDON_JOINT_STALLED')).toBe(true)
    expect(lines.some((line) => (line.value?.unexpected ?? 0) > 20)).toBe(true)
  })

  it('--speed 0.5 takes twice as long as the robot’s own clock says', async () => {
    const seen = new Map<string, { at: number; real: number }>()
    const { code } = await tendon(['sim', 'so101', 'home', '--speed', '0.5', '--json'], (text) => {
      for (const [, type = '', at] of text.matchAll(/"type":"(started|ended)".*?"at":([\d.]+)/g))
        if (!seen.has(type)) seen.set(type, { at: Number(at), real: performance.now() / 1000 })
      for (const [, at, type = ''] of text.matchAll(/"at":([\d.]+),"type":"(started|ended)"/g))
        if (!seen.has(type)) seen.set(type, { at: Number(at), real: performance.now() / 1000 })
    })
    expect(code).toBe(0)
    const [started, ended] = [seen.get('started'), seen.get('ended')]
    if (!started || !ended) throw new Error('the run was not seen')
    expect(ended.at - started.at).toBeGreaterThan(1)
    expect(ended.real - started.real).toBeGreaterThan(1.4 * (ended.at - started.at))
  })

  it('--headless on a terminal is plain lines, without a bar, a colour or a cursor that moves', async () => {
    const { code, screen } = await onTerminal(['sim', 'so101', 'home', '--headless'])
    expect(code).toBe(0)
    expect(screen).toMatch(/✓ home succeeded/)
    expect(screen).not.toContain('\u001b')
  })

  it('--pty says where the servos are, serves one program after the other, and ends with Ctrl-C', async () => {
    const found: string[] = []
    const { code, out, err } = await tendon(['sim', 'so101', '--pty'], (text, child) => {
      const path = /^servos: (\S+)/.exec(text)?.[1]
      if (path === undefined) return
      void visitTwice(path).then((ids) => {
        found.push(...ids)
        child.kill('SIGINT')
      })
    })
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(found).toEqual(['1 2 3 4 5 6', '1 2 3 4 5 6'])
    expect(out).toMatch(/^servos: \/dev\/\S+ {2}\(servos 1 2 3 4 5 6, 1000000 baud; Ctrl-C ends\)\n$/)
  })

  it('--pty with a path makes a link there that programs can rely on, and takes it away at the end', async () => {
    const link = join(mkdtempSync(join(tmpdir(), 'tendon-pty-')), 'arm')
    const found: string[] = []
    const { code } = await tendon(['sim', 'so101', '--pty', link], (text, child) => {
      if (!text.startsWith(`servos: ${link}  (/dev/`)) return
      void visitTwice(link).then((ids) => {
        found.push(...ids)
        child.kill('SIGINT')
      })
    })
    expect(code).toBe(0)
    expect(found).toEqual(['1 2 3 4 5 6', '1 2 3 4 5 6'])
    expect(existsSync(link)).toBe(false)
    writeFileSync(link, 'a file of somebody')
    const refused = await tendon(['sim', 'so101', '--pty', link])
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('is no link')])
    expect(readFileSync(link, 'utf8')).toBe('a file of somebody')
  })

  it('--pty --json prints one object, with path, baud rate and ids', async () => {
    const { code, out } = await tendon(['sim', 'so101', '--pty', '--json'], (_text, child) => child.kill('SIGTERM'))
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      type: 'fact',
      name: 'pty',
      value: { bus: 'servos', path: expect.stringMatching(/^\/dev\//), baudRate: 1_000_000, ids: [1, 2, 3, 4, 5, 6] },
    })
  })

  it.each([
    [['sim', 'so10'], /so10/, /so101/],
    [['sim', 'so101', 'wavee'], /wavee/, /wave/],
    [['sim', 'so101', '--fault', 'elbow_flx=stuck'], /elbow_flx/, /Use elbow_flex/],
    [['sim', 'so101', '--fault', 'elbow_flex=stuk'], /no fault stuk/, /elbow_flex=stuck/],
    [['sim', 'so101', '--fault', 'elbow_flex=unplug@2s'], /a fault of a bus/, /servos=unplug@2s/],
    [['sim', 'so101', '--speed', '100'], /0\.1 to 20/, /--speed 4/],
    [['sim', 'so101', '--seed', 'x'], /whole number/, /--seed 7/],
    [['sim', 'so101', 'home', '--pty'], /--pty runs no script/, /sim so101 --pty/],
    [['simm'], /simm/, /sim/],
    [['sim', 'so101', '--speeed'], /--speeed/, /--speed/],
    [['sim'], /missing required args/, /tendon sim so101/],
  ])(
    '%j is wrong usage: exit 2, nothing on stdout, on stderr what it was and what to write',
    async (args, said, fix) => {
      const { code, out, err } = await tendon(args)
      expect({ code, out }).toEqual({ code: 2, out: '' })
      expect(err).toMatch(said)
      expect(err.split('fix:').at(-1)).toMatch(fix)
    },
  )
})

/** Opens the path twice, and asks who is there. */
async function visitTwice(path: string): Promise<string[]> {
  const found: string[] = []
  for (let visit = 0; visit < 2; visit++) {
    const client = await VendorClient.open(path)
    found.push((await client.broadcastPing(6)).join(' '))
    await client.close()
  }
  return found
}

/** The command line on a terminal of its own; what it showed, with the terminal's own line ends. */
function onTerminal(args: readonly string[]): Promise<{ code: number; screen: string }> {
  const child = spawnOnTerminal(
    process.execPath,
    ['--conditions=tendon-source', '--import', 'tsx', 'src/cli/main.ts', ...args],
    {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    },
  )
  let screen = ''
  child.onData((text) => {
    screen += text
  })
  return new Promise((resolve) => child.onExit(({ exitCode }) => resolve({ code: exitCode, screen })))
}
