import { TendonError } from 'tendon/device'
import { Remote, type Said, SSH_FAILED } from '../deploy/remote.ts'
import {
  discardScript,
  healthScript,
  installScript,
  prepareScript,
  probeScript,
  pruneScript,
  releaseFolder,
  restartScript,
  rollbackScript,
  type Site,
  statusScript,
  switchScript,
  withdrawScript,
} from '../deploy/scripts.ts'
import { type Staged, stage } from '../deploy/stage.ts'
import { exitCodes } from '../exit-codes.ts'
import { hostProblem } from '../host-problems.ts'
import { callerOutput, type Output } from '../output.ts'
import { UsageError } from '../usage-error.ts'
import { given, has, type Perform } from '../verb.ts'

/** How long copying, and how long npm, may take there, in milliseconds. */
const LONG = 900_000
/** A service says that it is up only when it is. */
const RESTART = 180_000

/** Copies a robot to another computer, restarts it there, and goes back when it is not well. */
export const deploy: Perform = async (call) => {
  const output = callerOutput(call)
  const [host = '', project = '.'] = call.args
  const remote = new Remote(host, given(call, 'ssh') ?? 'ssh')
  const dir = given(call, 'dir')
  if (dir !== undefined && !/^\/[\w./-]+$/.test(dir))
    throw new UsageError(
      `--dir ${dir} is no path of a folder there.`,
      'tendon deploy pi@robot.local --dir /opt/tendon/my-arm',
    )
  const staged = await stage(project)
  try {
    const site = siteOf(staged, dir)
    output.show({ type: 'step', step: 'compiled', robot: site.robot }, `compiled ${site.robot}`)
    if (has(call, 'dry-run')) return plan(output, remote, site)
    return await new Deployment(remote, site, output).run(staged, has(call, 'force'))
  } finally {
    staged.remove()
  }
}

function siteOf({ robot, npm }: Staged, dir: string | undefined): Site {
  const release = new Date().toISOString().replaceAll(/[-:.]/g, '')
  return { robot, dir: dir ?? `/opt/tendon/${robot}`, release, npm }
}

function plan(output: Output, { host }: Remote, site: Site): number {
  const steps = [
    `ask ${host} for Node, npm, and whether ${site.robot} is disarmed there`,
    `copy it to ${site.dir}/releases/${site.release}`,
    `npm ${site.npm} --omit=dev there, and load it`,
    `let ${site.dir}/current point to it`,
    `restart tendon-${site.robot}.service, or install it where it is missing`,
    'wait until it is up and answers; otherwise go back to the release before it',
  ]
  for (const step of steps) output.show({ type: 'would', step }, `would ${step}`)
  return exitCodes.done
}

/** One deployment, step by step. What fails before the switch leaves what runs there as it is. */
class Deployment {
  readonly #remote: Remote
  readonly #site: Site
  readonly #output: Output

  constructor(remote: Remote, site: Site, output: Output) {
    this.#remote = remote
    this.#site = site
    this.#output = output
  }

  async run(staged: Staged, force: boolean): Promise<number> {
    const site = this.#site
    const previous = await this.#probe()
    if (!force && previous !== '') {
      const refused = await this.#armedThere()
      if (refused) {
        this.#output.problem(refused)
        return refused.power === 'unknown' ? exitCodes.notConfirmed : exitCodes.refused
      }
    }
    await this.#do('a folder for it', this.#remote.run(prepareScript(site)), NOTHING_CHANGED)
    await this.#do('copied', this.#remote.send(staged.folder, releaseFolder(site), LONG), NOTHING_CHANGED)
    await this.#do('installed by npm, and loaded', this.#remote.run(installScript(site), LONG), NOTHING_CHANGED)
    await this.#do('switched to it', this.#remote.run(switchScript(site)), NOTHING_CHANGED)
    await this.#restart(previous)
    await this.#remote.run(pruneScript(site))
    const { robot, dir, release } = site
    this.#output.show(
      { type: 'deployed', host: this.#remote.host, robot, dir, release },
      `${robot} is up on ${this.#remote.host}, disarmed: tendon status --robot ${robot} there`,
    )
    return exitCodes.done
  }

  /** What is there; gives the release before, `''` where there is none. */
  async #probe(): Promise<string> {
    const { host } = this.#remote
    const { code, out, err } = await this.#remote.run(probeScript(this.#site))
    if (code === SSH_FAILED || code === null)
      throw new TendonError(hostProblem('TENDON_DEPLOY_UNREACHABLE', { host, said: lastLine(err) }))
    const facts = new Map(out.split('\n').map((line) => line.split(/=(.*)/s, 2) as [string, string]))
    const of = (name: string): string => facts.get(name) ?? ''
    const [major = 0, minor = 0] = of('node').replace(/^v/, '').split('.').map(Number)
    const lacks = (lack: string, fix: string): TendonError =>
      new TendonError(hostProblem('TENDON_DEPLOY_UNFIT', { host, lack, fix }))
    if (of('node') === '') throw lacks('there is no Node', 'sudo apt install nodejs npm')
    if (major < 20 || (major === 20 && minor < 19))
      throw lacks(`its Node is ${of('node')}`, 'sudo apt install nodejs npm')
    if (of('npm') === '') throw lacks('there is no npm', 'sudo apt install npm')
    if (of('tar') === '') throw lacks('there is no tar', 'sudo apt install tar')
    if (of('systemctl') === '')
      throw lacks('there is no systemd', 'Install a system with systemd, such as Raspberry Pi OS.')
    if (of('sudo') !== 'yes')
      throw lacks(
        'sudo asks for a password',
        'Let sudo run without one there, or deploy as root: tendon deploy root@host',
      )
    this.#output.show({ type: 'step', step: 'reached', host, node: of('node') }, `reached ${host}: Node ${of('node')}`)
    return of('previous')
  }

  /** What stands against restarting the robot that runs there. */
  async #armedThere() {
    const { host } = this.#remote
    const { robot } = this.#site
    const { code, out, err } = await this.#remote.run(statusScript(this.#site))
    if (out.trim() === 'none' || code === exitCodes.unavailable) return undefined
    const safety = code === exitCodes.done ? safetyIn(out) : undefined
    if (safety === undefined) return hostProblem('TENDON_DEPLOY_SILENT', { host, robot, said: lastLine(err) })
    return safety === 'disarmed' ? undefined : hostProblem('TENDON_DEPLOY_ARMED', { host, robot, safety })
  }

  async #restart(previous: string): Promise<void> {
    const site = this.#site
    const restarted = await this.#remote.run(restartScript(site), RESTART)
    const health = restarted.code === 0 ? await this.#remote.run(healthScript(site), RESTART) : restarted
    if (health.code === 0) {
      this.#output.show({ type: 'step', step: 'healthy' }, 'restarted: it is up, and answers')
      return
    }
    const step = restarted.code === 0 ? 'health check' : 'restart'
    const now = await this.#goBack(previous)
    const facts = { host: this.#remote.host, step, said: lastLine(health.err), now }
    throw new TendonError(hostProblem('TENDON_DEPLOY_FAILED', facts))
  }

  /** Gives what runs there now, as a sentence without its full stop. */
  async #goBack(previous: string): Promise<string> {
    const site = this.#site
    if (previous === '') {
      await this.#remote.run(withdrawScript(site), RESTART)
      return 'There was no release before it, so that its service is stopped'
    }
    this.#output.say('it is not well: going back')
    const back = await this.#remote.run(rollbackScript(site, previous), RESTART)
    const health = back.code === 0 ? await this.#remote.run(healthScript(site), RESTART) : back
    if (health.code !== 0) return 'The release before it was put back, and is not well either'
    await this.#remote.run(discardScript(site))
    return 'The release before it runs again'
  }

  async #do(step: string, work: Promise<Said>, now: string): Promise<void> {
    const { code, err } = await work
    if (code !== 0) {
      await this.#remote.run(discardScript(this.#site))
      const facts = { host: this.#remote.host, step, said: lastLine(err), now }
      throw new TendonError(hostProblem('TENDON_DEPLOY_FAILED', facts))
    }
    this.#output.show({ type: 'step', step }, step)
  }
}

const NOTHING_CHANGED = 'What ran there before runs on'

/** The end of what was said: where programs put the reason. */
const lastLine = (text: string): string =>
  text.trim().split('\n').slice(-3).join(' ').replaceAll(/\s+/g, ' ').replace(/\.$/, '').slice(-400)

function safetyIn(out: string): string | undefined {
  try {
    const { safety } = JSON.parse(out.trim().split('\n').at(-1) ?? '') as { safety?: unknown }
    return typeof safety === 'string' ? safety : undefined
  } catch {
    return undefined
  }
}
