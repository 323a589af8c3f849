import { type ChildProcess, execFile, spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemProgram } from './programs.ts'

const LONG = 180_000
const root = fileURLToPath(new URL('../..', import.meta.url))
const installed = join(root, 'node_modules')
const run = promisify(execFile)

// A real sshd on the loopback, a project of `tendon new`, and the package as it is published. On the other side systemd
// and npm are scripts that do what they are told and write it down; the robot that npm brings says what a file says.
describe('tendon deploy', { timeout: LONG }, () => {
  const home = mkdtempSync(join(tmpdir(), 'tendon-deploy-test-'))
  const bin = join(home, 'bin')
  const there = join(home, 'there')
  const built = join(home, 'tendon')
  const project = join(home, 'my-arm')
  const dir = join(there, 'my-arm')
  const config = join(home, 'sshd_config')
  let sshd: ChildProcess
  let ssh = ''
  const script = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  const note = (name: string, text: string): void => writeFileSync(join(there, name), text)
  const noted = (name: string): string => readFileSync(join(there, name), 'utf8')

  async function deploy(...more: string[]): Promise<{ code: number; out: string; err: string }> {
    const words = ['deploy', `${userInfo().username}@127.0.0.1`, project, '--dir', dir, '--ssh', ssh, ...more]
    try {
      const { stdout, stderr } = await run(process.execPath, [join(built, 'dist/cli/main.js'), ...words], { cwd: home })
      return { code: 0, out: stdout, err: stderr }
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
      return { code, out: stdout, err: stderr }
    }
  }
  const current = (): string => readlinkSync(join(dir, 'current'))
  const releases = (): string[] => readdirSync(join(dir, 'releases'))

  beforeAll(async () => {
    for (const folder of [bin, there, built, join(home, 'keys')]) mkdirSync(folder, { mode: 0o700 })
    for (const name of ['package.json', 'templates', 'node_modules']) symlinkSync(join(root, name), join(built, name))
    const compiler = join(installed, 'typescript/bin/tsc')
    await run(process.execPath, [
      compiler,
      ...['-p', join(root, 'tsconfig.build.json'), '--outDir', join(built, 'dist')],
      ...['--customConditions', 'tendon-source'],
    ])
    await run(process.execPath, [join(built, 'dist/cli/main.js'), 'new', 'my-arm'], { cwd: home })
    // What `npm install` would bring.
    mkdirSync(join(project, 'node_modules'))
    for (const name of readdirSync(installed))
      if (!name.startsWith('.')) symlinkSync(join(installed, name), join(project, 'node_modules', name))
    symlinkSync(built, join(project, 'node_modules/tendon'))
    writeFileSync(join(project, 'package-lock.json'), '{}')
    writeFileSync(join(project, '.env'), 'SECRET=1')
    writeFileSync(join(project, 'calibration.json'), '{"neck":1}')
    cpSync(project, join(home, 'fresh'), { recursive: true, verbatimSymlinks: true })
    await startSshd()
  }, LONG)
  afterAll(() => {
    sshd?.kill()
    rmSync(home, { recursive: true, force: true })
  })

  async function startSshd(): Promise<void> {
    const program = systemProgram('sshd', 'openssh-server')
    const keygen = systemProgram('ssh-keygen', 'openssh-client')
    for (const key of ['host', 'user'])
      await run(keygen, ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, 'keys', key)])
    const port = await freePort()
    writeFileSync(
      config,
      [
        `Port ${port}`,
        'ListenAddress 127.0.0.1',
        `HostKey ${join(home, 'keys/host')}`,
        `AuthorizedKeysFile ${join(home, 'keys/user.pub')}`,
        `PidFile ${join(home, 'sshd.pid')}`,
        'StrictModes no',
        'UsePAM no',
        'PermitRootLogin yes',
        'PasswordAuthentication no',
        `SetEnv PATH=${bin}:${process.env.PATH}`,
        '',
      ].join('\n'),
    )
    // Where root's sshd puts those who have not logged in yet; systemd makes it elsewhere.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
    sshd = spawn(program, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    await new Promise<void>((resolve, reject) => {
      sshd.stderr?.on('data', (chunk) => {
        said += String(chunk)
        if (said.includes('Server listening')) resolve()
      })
      sshd.on('exit', () => reject(new Error(`sshd ended: ${said}`)))
    })
    const options = [
      'StrictHostKeyChecking=no',
      `UserKnownHostsFile=${join(home, 'known')}`,
      'BatchMode=yes',
      'LogLevel=ERROR',
    ]
    ssh = [
      systemProgram('ssh', 'openssh-client'),
      '-p',
      port,
      '-i',
      join(home, 'keys/user'),
      ...options.flatMap((one) => ['-o', one]),
    ].join(' ')
  }

  beforeEach(() => {
    rmSync(there, { recursive: true, force: true })
    mkdirSync(there)
    rmSync(project, { recursive: true })
    cpSync(join(home, 'fresh'), project, { recursive: true, verbatimSymlinks: true })
    note('ran', '')
    note('unit', '')
    note('status', '{"type":"status","safety":"disarmed"}')
    script('sudo', '[ "$1" = -n ] && shift; exec "$@"')
    script('sleep', 'exit 0')
    script(
      'systemctl',
      `echo "systemctl $*" >> ${there}/ran
case $1 in
  cat) [ -s ${there}/unit ] ;;
  restart) [ ! -e ${there}/broken ] || [ -z "$(grep -l BROKEN ${dir}/current/robot.js)" ] && echo active > ${there}/state || echo failed > ${there}/state ;;
  is-active) cat ${there}/state ;;
esac`,
    )
    // Brings the very packages that the project was written with.
    script(
      'npm',
      `[ "$1" = --version ] && { echo 10.9.0; exit 0; }
echo "npm $*" >> ${there}/ran
mkdir -p node_modules/.bin
for package in ${home}/fresh/node_modules/*; do ln -s "$package" node_modules/; done
cat > node_modules/.bin/tendon <<'END'
#!/bin/sh
echo "tendon $*" >> ${there}/ran
case $1 in
  status) cat ${there}/status; exit $(cat ${there}/code 2>/dev/null || echo 0) ;;
  service) echo installed > ${there}/unit; echo active > ${there}/state ;;
esac
END
chmod +x node_modules/.bin/tendon`,
    )
  })

  it('brings a robot to a computer that had none: compiled, installed, as a service, and answering', async () => {
    const { code, out, err } = await deploy()
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const release = join(dir, 'releases', releases()[0] ?? '')
    expect(current()).toBe(`releases/${releases()[0]}`)
    const files = readdirSync(release)
    expect(files).toEqual(expect.arrayContaining(['robot.js', 'package.json', 'package-lock.json', 'calibration.json']))
    for (const name of ['robot.ts', 'robot.test.js', 'robot.test.ts', 'tsconfig.json', '.env', '.gitignore'])
      expect(files).not.toContain(name)
    expect(noted('ran')).toMatch(/^npm ci --omit=dev /m)
    expect(noted('ran')).toContain(`tendon service install ${dir}/current`)
    expect(noted('ran')).not.toContain('systemctl restart')
    expect(out).toMatch(/my-robot|my-arm is up on .*127\.0\.0\.1, disarmed/)
  })

  it('restarts the service that is there, keeps the newest releases, and switches in one step', async () => {
    expect((await deploy()).code).toBe(0)
    const first = current()
    for (let again = 0; again < 4; again++) mkdirSync(join(dir, 'releases', `2000010${again}T000000000Z`))
    const { code, out } = await deploy('--json')
    expect(code).toBe(0)
    expect(current()).not.toBe(first)
    expect(noted('ran')).toContain('systemctl restart tendon-my-arm.service')
    expect(releases()).toHaveLength(3)
    expect(releases().map((name) => `releases/${name}`)).toEqual(expect.arrayContaining([first, current()]))
    expect(existsSync(join(dir, 'next'))).toBe(false)
    const steps = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(steps.at(-1)).toMatchObject({ type: 'deployed', robot: 'my-arm', dir })
  })

  it('refuses while the robot there is armed, changes nothing, and does it all the same with --force', async () => {
    expect((await deploy()).code).toBe(0)
    const [first, ran] = [current(), noted('ran')]
    note('status', '{"type":"status","safety":"armed"}')
    const { code, err } = await deploy()
    expect([code, err]).toEqual([3, expect.stringMatching(/TENDON_DEPLOY_ARMED[\s\S]*tendon retire --robot my-arm/)])
    expect([current(), releases().length]).toEqual([first, 1])
    expect(noted('ran').slice(ran.length)).not.toMatch(/npm|restart/)
    expect((await deploy('--force')).code).toBe(0)
    expect(current()).not.toBe(first)
  })

  it('refuses while the robot there does not say: it may have power', async () => {
    expect((await deploy()).code).toBe(0)
    note('code', '75')
    note('status', '')
    const { code, err } = await deploy()
    expect([code, err]).toEqual([75, expect.stringContaining('TENDON_DEPLOY_SILENT')])
  })

  it('goes on where no robot runs there', async () => {
    expect((await deploy()).code).toBe(0)
    note('code', '69')
    // It answers again once it was restarted.
    script('sleep', `rm -f ${there}/code`)
    expect((await deploy()).code).toBe(0)
  })

  it('goes back to the release before it when the new one is not well, and says so', async () => {
    expect((await deploy()).code).toBe(0)
    const first = current()
    note('broken', '')
    const file = join(project, 'robot.ts')
    writeFileSync(file, `${readFileSync(file, 'utf8')}\nexport const mark = 'BROKEN'\n`)
    const { code, err } = await deploy()
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/TENDON_DEPLOY_FAILED.*health check[\s\S]*The release before it runs again/),
    ])
    expect([current(), releases()]).toEqual([first, [first.replace('releases/', '')]])
    expect(noted('ran').match(/systemctl restart/g)).toHaveLength(2)
    expect(noted('state').trim()).toBe('active')
  })

  it('stops the service again where the very first release is not well', async () => {
    note('unit', 'there')
    note('broken', '')
    const file = join(project, 'robot.ts')
    writeFileSync(file, `${readFileSync(file, 'utf8')}\nexport const mark = 'BROKEN'\n`)
    const { code, err } = await deploy()
    expect([code, err]).toEqual([1, expect.stringContaining('There was no release before it')])
    expect(noted('ran')).toContain('systemctl stop tendon-my-arm.service')
    expect(existsSync(join(dir, 'current'))).toBe(false)
  })

  it('touches nothing that runs when npm fails there, or the robot does not load', async () => {
    expect((await deploy()).code).toBe(0)
    const first = current()
    const file = join(project, 'robot.ts')
    writeFileSync(
      file,
      `${readFileSync(file, 'utf8')}\nthrow Object.assign(new Error('only there'), {})\n`.replace(
        'throw',
        `if (process.env.SSH_CONNECTION) throw`,
      ),
    )
    const { code, err } = await deploy()
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/TENDON_DEPLOY_FAILED.*loaded[\s\S]*What ran there before runs on/),
    ])
    expect([current(), releases()]).toEqual([first, [first.replace('releases/', '')]])
    expect(noted('ran')).not.toContain('systemctl restart')
  })

  it('takes a dependency along that is a folder of this computer, and lets npm make a new lock there', async () => {
    const local = join(home, 'local')
    mkdirSync(local, { recursive: true })
    writeFileSync(join(local, 'package.json'), '{"name":"local","version":"1.2.3"}')
    const file = join(project, 'package.json')
    const own = JSON.parse(readFileSync(file, 'utf8')) as { dependencies: object }
    writeFileSync(file, JSON.stringify({ ...own, dependencies: { ...own.dependencies, local: 'file:../local' } }))
    expect((await deploy()).code).toBe(0)
    const release = join(dir, current())
    const sent = JSON.parse(readFileSync(join(release, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    expect(sent.dependencies.local).toBe('file:vendor/local-1.2.3.tgz')
    expect(readdirSync(join(release, 'vendor'))).toEqual(['local-1.2.3.tgz'])
    expect(existsSync(join(release, 'package-lock.json'))).toBe(false)
    expect(noted('ran')).toMatch(/^npm install --omit=dev /m)
  })

  it('does not go anywhere with a robot that does not compile', async () => {
    const file = join(project, 'robot.ts')
    writeFileSync(file, readFileSync(file, 'utf8').replace("stop: 'park'", "stop: 'parc'"))
    const { code, err } = await deploy()
    expect([code, err]).toEqual([1, expect.stringMatching(/TENDON_DEPLOY_COMPILE[\s\S]*robot\.ts/)])
    expect(existsSync(dir)).toBe(false)
  })

  it('--dry-run says the steps, and never reaches out', async () => {
    const { code, out } = await deploy('--dry-run', '--json')
    expect(code).toBe(0)
    expect(out.match(/"type":"would"/g)).toHaveLength(6)
    expect(existsSync(dir)).toBe(false)
  })

  it('says what ssh said when it cannot get there', async () => {
    const key = ssh
    ssh = ssh.replace(join(home, 'keys/user'), join(home, 'keys/none'))
    const { code, err } = await deploy()
    ssh = key
    expect([code, err]).toEqual([1, expect.stringMatching(/TENDON_DEPLOY_UNREACHABLE[\s\S]*Permission denied/)])
  })
})

function freePort(): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' ? String(address?.port) : ''
      server.close(() => resolve(port))
    })
  })
}
