import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const LONG = 120_000
const root = fileURLToPath(new URL('../..', import.meta.url))
const installed = join(root, 'node_modules')
const run = promisify(execFile)

interface Package {
  readonly name: string
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}
const packageIn = (folder: string): Package => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Package

// The package as it is published: compiled here, so that the new robot imports what its owner would.
describe('tendon new', { timeout: LONG }, () => {
  const home = mkdtempSync(join(tmpdir(), 'tendon-new-'))
  const built = join(home, 'tendon')
  const place = join(home, 'my-arm')
  const env = { ...process.env, TENDON_RUNTIME_DIR: join(home, 'run'), TENDON_STATE_DIR: join(home, 'state') }
  const tendon = (args: readonly string[], cwd = home) =>
    run(process.execPath, [join(built, 'dist/cli/main.js'), ...args], { cwd, env })
  beforeAll(async () => {
    mkdirSync(built)
    for (const name of ['package.json', 'templates', 'node_modules']) symlinkSync(join(root, name), join(built, name))
    const compiler = join(installed, 'typescript/bin/tsc')
    const project = ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(built, 'dist')]
    // Into another folder than its own, where 'tendon' would mean what was built there before.
    await run(process.execPath, [compiler, ...project, '--customConditions', 'tendon-source'])
    await tendon(['new', 'my-arm'])
    // What `npm install` would bring.
    mkdirSync(join(place, 'node_modules'))
    for (const name of readdirSync(installed))
      if (name !== '.vite') symlinkSync(join(installed, name), join(place, 'node_modules', name))
    symlinkSync(built, join(place, 'node_modules/tendon'))
  }, LONG)
  afterAll(() => rmSync(home, { recursive: true }))

  it('makes a folder that bears its name everywhere, with exact versions and a .gitignore', () => {
    const { name, dependencies, devDependencies } = packageIn(place)
    expect(name).toBe('my-arm')
    for (const version of Object.values({ ...dependencies, ...devDependencies }))
      expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(dependencies.tendon).toBe(
      (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version,
    )
    expect(readFileSync(join(place, '.gitignore'), 'utf8')).toContain('node_modules')
    for (const file of ['robot.ts', 'README.md', 'package.json']) {
      const text = readFileSync(join(place, file), 'utf8')
      expect([file, text.includes('my-arm'), text.includes('my-robot')]).toEqual([file, true, false])
    }
  })

  it('asks for the versions that this repository is tested with', () => {
    const own = packageIn(root)
    const { dependencies, devDependencies } = packageIn(place)
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
      if (name !== 'tendon') expect([name, own.devDependencies[name]]).toEqual([name, version])
  })

  it('starts at once: npm start arms the simulated servo, nods, rests, and ends with 0', async () => {
    const [program, ...args] = packageIn(place).scripts.start?.split(' ') ?? []
    expect(program).toBe('tendon')
    const { stdout } = await tendon(args, place)
    expect(stdout).toMatch(/✓ nod succeeded/)
    expect(stdout).toMatch(/retire: every servo confirmed/)
  })

  it('tests at once: npm test passes', async () => {
    expect(packageIn(place).scripts.test).toBe('vitest run')
    const { stdout } = await run(process.execPath, [join(installed, 'vitest/vitest.mjs'), 'run'], {
      cwd: place,
      env: { ...env, NO_COLOR: '1', VITEST: undefined, VITEST_POOL_ID: undefined, VITEST_WORKER_ID: undefined },
    })
    expect(stdout).toMatch(/Tests +3 passed/)
  })

  it('compiles at once, under strict settings', async () => {
    await run(process.execPath, [join(installed, 'typescript/bin/tsc'), '--noEmit'], { cwd: place })
  })

  it('takes a path for its dependency, as npm wants it from wherever the folder is, and a version as it is', async () => {
    await tendon(['new', 'deep/from-path', '--tendon', 'tendon'])
    expect(packageIn(join(home, 'deep/from-path')).dependencies.tendon).toBe(`file:${built}`)
    await tendon(['new', 'from-version', '--tendon', '9.9.9'])
    expect(packageIn(join(home, 'from-version')).dependencies.tendon).toBe('9.9.9')
  })

  it('touches nothing that is there already', async () => {
    const before = readFileSync(join(place, 'robot.ts'), 'utf8')
    await expect(tendon(['new', 'my-arm'])).rejects.toMatchObject({ code: 2 })
    expect(readFileSync(join(place, 'robot.ts'), 'utf8')).toBe(before)
    expect(existsSync(join(place, 'gitignore'))).toBe(false)
  })
})
