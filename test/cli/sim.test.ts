import { describe, expect, it } from 'vitest'
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

  it.each([
    [['sim', 'so10'], /There is no robot so10\.\n {2}fix: Known: so101/],
    [['sim', 'so101', 'wavee'], /There is no command or script wavee\.\n {2}fix: Known: wave/],
    [['sim', 'so101', '--fault', 'elbow_flx=stuck'], /There is no joint elbow_flx\.\n {2}fix: Known: elbow_flex/],
    [['sim', 'so101', '--fault', 'elbow_flex=stuk'], /There is no fault stuk\.\n {2}fix: Known: stuck/],
    [['simm'], /There is no verb simm\.\n {2}fix: Known: sim/],
    [['sim', 'so101', '--speeed'], /Unknown option/],
    [['sim'], /missing required args/],
  ])('%j is wrong usage: exit 2, nothing on stdout, the near name on stderr', async (args, said) => {
    const { code, out, err } = await tendon(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(said)
  })
})
