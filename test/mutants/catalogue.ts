/** A bug that somebody could plant: exact strings of one source file, and the tests that must notice. */
export interface Mutant {
  readonly name: string
  readonly file: string
  readonly edits: readonly (readonly [find: string, replace: string])[]
  /** The quickest test files that kill it. */
  readonly tests: readonly string[]
}

const MODEL = ['test/model/schedules.test.ts']
const DISPATCH = 'src/runtime/dispatch.ts'
const LIFECYCLE = 'src/runtime/lifecycle.ts'

export const mutants: readonly Mutant[] = [
  {
    name: 'the state gate is skipped',
    file: 'src/gate/admit.ts',
    edits: [['againstState(view, state) ?? againstCaps(view, state.command)', 'againstCaps(view, state.command)']],
    tests: MODEL,
  },
  {
    name: 'abandoned bodies are not bounded',
    file: 'src/gate/admit.ts',
    edits: [['if (view.abandoned >= view.limits.maxAbandoned)', 'if (view.abandoned >= Number.POSITIVE_INFINITY)']],
    tests: MODEL,
  },
  {
    name: 'victims are interrupted before the seats are judged',
    file: DISPATCH,
    edits: [
      [
        '    const decision = admit(this, record, seats)\n',
        "    for (const named of seats.cancels) this.interrupt(named as Run, 'preempted')\n    const decision = admit(this, record, seats)\n",
      ],
    ],
    tests: MODEL,
  },
  {
    name: 'an heir starts before its victims have ended',
    file: DISPATCH,
    edits: [['    for (const victim of heir.victims ?? NO_RUNS) if (!victim.ended) return\n', '']],
    tests: MODEL,
  },
  {
    name: 'a run that was cut off keeps its access',
    file: DISPATCH,
    edits: [['    run.revoked = true\n', '']],
    tests: MODEL,
  },
  {
    name: 'a grant outlives a stop: its generation is not checked',
    file: 'src/motion/grant.ts',
    edits: [['return !this.#revoked && this.#isCurrent', 'return !this.#revoked']],
    tests: ['test/motion/grant.test.ts'],
  },
  {
    name: 'the caller is answered before the seats are released',
    file: DISPATCH,
    edits: [
      [
        "    this.#release(run)\n    if (run.ending?.status === 'failed'",
        "    this.clock.turn(() => this.#release(run))\n    if (run.ending?.status === 'failed'",
      ],
    ],
    tests: MODEL,
  },
  {
    name: 'the transition comes after the answer',
    file: DISPATCH,
    edits: [
      [
        '    if (target !== undefined) this.#go(target, run.id)\n',
        '    if (target !== undefined) this.clock.turn(() => this.#go(target, run.id))\n',
      ],
    ],
    tests: MODEL,
  },
  {
    name: 'the seats of an ended run are not released',
    file: DISPATCH,
    edits: [['    for (const pool of run.seats) pool.leave(run)\n', '']],
    tests: MODEL,
  },
  {
    name: 'a run can end twice',
    file: DISPATCH,
    edits: [
      ['    if (!run.bodyOver) return false\n', '    if (run.seq > 0) return false\n'],
      ['if (run.settling || (run.children', 'if ((run.children'],
    ],
    tests: MODEL,
  },
  {
    name: 'a success overrides a cancel',
    file: DISPATCH,
    edits: [['run.ending ??= success(value)', 'run.ending = success(value)']],
    tests: MODEL,
  },
  {
    name: 'the deadline is not kept',
    file: DISPATCH,
    edits: [["    } else if (run.status === 'running') this.interrupt(run, 'deadline')\n", '    }\n']],
    tests: MODEL,
  },
  {
    name: 'children outlive their parent',
    file: DISPATCH,
    edits: [
      [
        "    this.#interruptChildren(run, run.ending?.status === 'canceled' ? run.ending.reason : 'parent')\n    this.#finish(run)",
        '    run.children = undefined\n    this.#finish(run)',
      ],
    ],
    tests: MODEL,
  },
  {
    name: 'nobody looks at the queues',
    file: DISPATCH,
    edits: [['    for (const queue of this.#queues.values()) this.#pumpQueue(queue)\n', '']],
    tests: MODEL,
  },
  {
    name: 'a safety act does not reach the runs',
    file: LIFECYCLE,
    edits: [['    dispatcher.interruptAll(end)\n', '']],
    tests: MODEL,
  },
  {
    name: 'the stop bytes are dropped',
    file: 'src/safety/stop-ladder.ts',
    edits: [['    for (const channel of rig.channels) this.#sendFrame(channel, now)\n', '']],
    tests: MODEL,
  },
  {
    name: 'the stop bytes come after the state change',
    file: LIFECYCLE,
    edits: [
      [
        '    this.#parts.hardware.stopNow()\n    return this.#afterBytes(event, end, cut, by, reason)\n',
        '    const late = this.#afterBytes(event, end, cut, by, reason)\n    this.#parts.hardware.stopNow()\n    return late\n',
      ],
    ],
    tests: MODEL,
  },
  {
    name: 'arm ignores the latch',
    file: LIFECYCLE,
    edits: [
      [
        "    if (state.latch) return problem('TENDON_LATCHED', { by: state.latch.by, reason: state.latch.reason })\n",
        '',
      ],
    ],
    tests: MODEL,
  },
  {
    name: 'a fault is cleared without a confirmed verdict',
    file: LIFECYCLE,
    edits: [['if (verdict.confirmed && acknowledged === this.#faults)', "if (state.safety === 'fault')"]],
    tests: MODEL,
  },
  {
    name: 'a verdict is always confirmed',
    file: 'src/safety/verdict.ts',
    edits: [["joints.every(({ verdict }) => verdict !== 'not_confirmed')", 'joints.length >= 0']],
    tests: MODEL,
  },
  {
    name: 'a servo that does not answer counts as off',
    file: 'src/safety/verdict.ts',
    edits: [
      [
        'if (powered === undefined) return unsure(',
        "if (powered === undefined) return { ...base, verdict: 'off' }\n  if (powered === undefined) return unsure(",
      ],
    ],
    tests: MODEL,
  },
  {
    name: 'power comes on without goal = present',
    file: 'src/drivers/feetech/torque.ts',
    edits: [
      [
        '  if (!(await access.tryWrite(id, goal_position.address, stayBlock(present, access.mountOf(id).servo.mode))))\n    return false\n',
        '',
      ],
    ],
    tests: ['test/drivers/feetech-bus.test.ts'],
  },
  {
    name: 'the checksum of a reply is not verified',
    file: 'src/drivers/feetech/status-decoder.ts',
    edits: [['return bytes[end - 1] === (~sum & 0xff)', 'return sum >= 0']],
    tests: ['test/drivers/feetech-frame.test.ts'],
  },
  {
    name: 'a parameter is in force before it is stored',
    file: 'src/params/store.ts',
    edits: [
      [
        '      const next = withChanges(this.#document, changes)\n',
        '      const next = withChanges(this.#document, changes)\n      for (const change of changes) this.#apply(change)\n',
      ],
    ],
    tests: ['test/params/set.test.ts'],
  },
  {
    name: 'a stored value is not held against the definition',
    file: 'src/params/document.ts',
    edits: [['const reasons = faultsOf(spec, value)', 'const reasons = faultsOf(spec, spec.default)']],
    tests: ['test/params/load.test.ts'],
  },
  {
    name: 'a limit that changes reaches a joint under way',
    file: 'src/motion/axis.ts',
    edits: [["if (this.#paceNow && this.#mode === 'idle')", 'if (this.#paceNow)']],
    tests: ['test/params/options.test.ts'],
  },
  {
    name: 'a reply is matched without its id',
    file: 'src/drivers/feetech/requests.ts',
    edits: [['=> id * 256 + params', '=> (id - id) * 256 + params']],
    tests: MODEL,
  },
  {
    name: 'a rule is over inside of its hysteresis',
    file: 'src/rules/judge.ts',
    edits: [['beyond <= -hysteresis', 'beyond <= 0']],
    tests: ['test/rules/reference.test.ts'],
  },
  {
    name: 'a rule starts a second run beside its first',
    file: 'src/rules/rule.ts',
    edits: [['    if (this.#live) return', '    if (this.#ended && this.#live) return']],
    tests: ['test/rules/firing.test.ts'],
  },
  {
    name: 'a lost sensor does not break a hold',
    file: 'src/rules/rule.ts',
    edits: [["      if (is !== 'ok') this.#break()\n", '']],
    tests: ['test/rules/firing.test.ts'],
  },
  {
    name: 'the cause does not reach the run',
    file: 'src/runtime/robot-object.ts',
    edits: [['dispatcher.execute(record, goal, undefined, cause)', 'dispatcher.execute(record, goal)']],
    tests: ['test/rules/cause.test.ts'],
  },
  {
    name: 'a lost sensor stays lost',
    file: 'src/stream/device-link.ts',
    edits: [['    if (opening.connection) this.#reopening.begin()\n', '']],
    tests: ['test/stream/reopening.test.ts'],
  },
  {
    name: 'a lost bus stays lost',
    file: 'src/safety/hardware.ts',
    edits: [['    this.#reopening.lost(channel)\n', '']],
    tests: ['test/safety/reopening.test.ts'],
  },
  {
    name: 'a bus that is back is not stopped',
    file: 'src/safety/reopening.ts',
    edits: [['    if (unsure) hooks.returned(name)\n', '']],
    tests: ['test/safety/reopening.test.ts'],
  },
  {
    name: 'a bus that is back is frozen where it was before',
    file: 'src/safety/reopening.ts',
    edits: [
      ['    axis.take(sample)\n', ''],
      ["    axis.power = 'off'\n    axis.letGo()\n", ''],
    ],
    tests: ['test/safety/reopening.test.ts'],
  },
  {
    name: 'losses are not judged',
    file: 'src/motion/reply-watch.ts',
    edits: [['    return this.#judge()\n', '    return undefined\n']],
    tests: ['test/motion/bus-noise.test.ts'],
  },
  {
    name: 'a pressed stop button is not heard',
    file: 'src/runtime/stop-inputs.ts',
    edits: [["      if (active) this.#stop('it was pressed, or its wire is broken')\n", '']],
    tests: ['test/safety/stop-inputs.test.ts'],
  },
  {
    name: 'a wheel turns on when its stream dries up',
    file: 'src/motion/speed-axis.ts',
    edits: [["    if (this.mode === 'streaming' && now >= this.#expires) this.brake()\n", '']],
    tests: ['test/motion/speed.test.ts'],
  },
  {
    name: 'stuffing is taken out of packets that have none',
    file: 'src/drivers/dynamixel/stuffing.ts',
    edits: [[' || places.some((place) => body[place] !== STUFFING)', '']],
    tests: ['test/drivers/dynamixel-bus.test.ts', 'test/drivers/dynamixel-frame.test.ts'],
  },
  {
    name: 'power comes before the first beat',
    file: 'src/safety/arming.ts',
    edits: [['  if (problems.length === 0 && isAlive()) guards.begin()\n', '']],
    tests: ['test/safety/guards.test.ts'],
  },
  {
    name: 'the will is not renewed with each tick',
    file: 'src/safety/guards.ts',
    edits: [['if (!this.#watching || !this.#guard) return', 'if (!this.#watching || !this.#guard || now > 1) return']],
    tests: ['test/safety/guards.test.ts'],
  },
  {
    name: 'a tick does not wait for the read before it',
    file: 'src/motion/control-loop.ts',
    edits: [['    if (wait > 0) {', '    if (wait > 3600) {']],
    tests: ['test/kernel/joint-states.test.ts'],
  },
  {
    name: 'a silent sensor stays ok',
    file: 'src/stream/health.ts',
    edits: [["    else this.#go('stale')\n", '']],
    tests: ['test/stream/health.test.ts'],
  },
]
