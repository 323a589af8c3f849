import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { type Ended, type Packed, Project, pack } from './project.ts'

const { zod, typescript, '@types/node': nodeTypes } = manifest.devDependencies
/** What each entry may load besides Node and Tendon itself; hardware libraries load when a port opens. */
const LOADED: Readonly<Record<string, readonly string[]>> = {
  '.': ['rxjs', 'xstate'],
  './device': [],
  './serial': [],
  './pty': [],
  './i2c': [],
  './gpio': [],
  './framing': [],
  './drivers': [],
  './feetech': [],
  './dynamixel': [],
  './pca9685': [],
  './sim': [],
  './testing': ['rxjs', 'xstate'],
  './mqtt': [],
  './broker': [],
  './problems': [],
}

/** Files of other packages that one entry may load: the whole of rxjs would be two hundred more. */
const MOST_FILES = 60

let folder: string
let packed: Packed
let user: Project

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tendon-tarball-'))
  packed = await pack(folder)
  user = await Project.create('user')
  await user.install(
    join(folder, packed.filename),
    `zod@${zod}`,
    `typescript@${typescript}`,
    `@types/node@${nodeTypes}`,
  )
  for (const file of ['move.ts', 'typo.ts', 'loads.mjs']) await user.copy(`test/packaging/consumer/${file}`, file)
})

afterAll(async () => {
  await user?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

describe('the tarball', () => {
  const paths = (): string[] => packed.files.map((file) => file.path)

  it('holds the license, the readme, the changelog, and every file that package.json points to', () => {
    const entries = Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : [entry.types, entry.default],
    )
    const wanted = ['LICENSE', 'README.md', 'CHANGELOG.md', ...entries, manifest.bin.tendon]
    expect(wanted.map((path) => path.replace(/^\.\//, '')).filter((path) => !paths().includes(path))).toEqual([])
  })

  it('holds a type declaration and a source map for every JavaScript file', () => {
    const scripts = paths().filter((path) => /^dist\/.*\.js$/.test(path))
    expect(scripts.length).toBeGreaterThan(100)
    expect(scripts.filter((path) => !paths().includes(`${path}.map`))).toEqual([])
    expect(scripts.filter((path) => !paths().includes(path.replace(/js$/, 'd.ts')))).toEqual([])
  })

  it('holds no source, no tests and no settings of this checkout, but robots and templates whole', () => {
    const folders = new Set(paths().map((path) => (path.includes('/') ? path.split('/')[0] : '.')))
    expect([...folders].sort()).toEqual(['.', 'dist', 'robots', 'templates'])
    expect(paths()).toContain('robots/so101/robot.ts')
    expect(paths()).toContain('robots/so101/recordings/heading.log')
    expect(paths().filter((path) => path.includes('.test.') && !/^(robots|templates)\//.test(path))).toEqual([])
  })

  it('is less than two megabytes', ({ annotate }) => {
    void annotate(`${packed.files.length} files, ${packed.size} bytes packed, ${packed.unpackedSize} unpacked`)
    expect(packed.size).toBeLessThan(2_000_000)
  })
})

describe('in an empty project, the installed package', () => {
  const settings = {
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    strict: true,
    types: ['node'],
    outDir: 'built',
  }
  const compiled = async (options: object): Promise<Ended> => {
    await user.write('tsconfig.json', JSON.stringify({ compilerOptions: options, files: ['move.ts', 'typo.ts'] }))
    return user.exec('tsc')
  }

  it('compiles with its own types checked too, and a misspelt joint or command does not', async () => {
    expect(await compiled({ ...settings, skipLibCheck: false })).toEqual({ out: '', err: '', code: 0 })
  })

  it('compiles under the strictest settings', async () => {
    // The types of xstate do not compile under these, so no library's are checked.
    const strictest = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: true }
    expect(await compiled({ ...settings, ...strictest })).toEqual({ out: '', err: '', code: 0 })
  })

  it('moves a simulated servo, on the real clock and on the virtual one', async () => {
    const { out, err, code } = await user.exec('node', 'built/move.js')
    expect({ err, code }).toEqual({ err: '', code: 0 })
    expect(out.trim().split('\n')).toEqual(['real time: pan 10', 'virtual time: succeeded, pan 45'])
  })

  it.each(Object.entries(LOADED))('import of %s loads exactly %j besides itself', async (entry, packages) => {
    const name = entry.replace(/^\./, 'tendon')
    const { out, err } = await user.exec('node', 'loads.mjs', name)
    expect(err).toBe('')
    const loaded = JSON.parse(out) as { packages: string[]; files: number }
    expect(loaded.packages).toEqual([...packages, 'tendon'].sort())
    // Files are what an import costs.
    expect(loaded.files).toBeLessThan(MOST_FILES)
  })

  it('has an entry in that list for each one that can be imported', () => {
    const entries = Object.keys(manifest.exports).filter((entry) => entry !== './package.json')
    expect(Object.keys(LOADED).sort()).toEqual(entries.sort())
  })
})

describe('its command line', () => {
  it('is executable, and says what it can do and which version it is', async () => {
    const { mode } = await stat(join(user.folder, 'node_modules/tendon/dist/cli/main.js'))
    expect(mode & 0o111).toBe(0o111)
    const help = await user.exec('npx', 'tendon', '--help')
    expect(help).toMatchObject({ err: '', code: 0 })
    expect(help.out).toContain('sim')
    expect((await user.exec('tendon', '--version')).out).toContain(manifest.version)
  })

  it('explains an error', async () => {
    const { out, code } = await user.exec('tendon', 'explain', 'TENDON_LATCHED')
    expect(code).toBe(0)
    expect(out).toContain('reset, arm, command')
  })

  it('plays the story of the SO-101 that comes with it', async () => {
    const { out, err, code } = await user.exec('tendon', 'sim', 'so101', '--headless')
    expect({ err, code }).toEqual({ err: '', code: 0 })
    expect(out).toContain('home is refused: The robot was stopped by the story')
  })

  it('plays a robot that was copied out of the package', async () => {
    await user.exec('cp', '-r', 'node_modules/tendon/robots/so101', 'my-arm')
    const { err, code } = await user.exec('tendon', 'sim', './my-arm/robot.ts', 'wave', '--headless')
    expect({ err, code }).toEqual({ err: '', code: 0 })
  })
})

describe('a new robot that it makes', () => {
  it('compiles, passes its own tests, and moves', async () => {
    const tarball = join(folder, packed.filename)
    expect(await user.exec('tendon', 'new', 'my-robot', '--tendon', tarball)).toMatchObject({ err: '', code: 0 })
    const made = Project.at(join(user.folder, 'my-robot'))
    await made.install()
    for (const script of ['typecheck', 'test', 'start']) {
      const { out, err, code } = await made.exec('npm', 'run', script)
      expect(code, `${out}${err}`).toBe(0)
    }
  })
})

describe('without the optional packages', () => {
  it('says which one is missing and how to install it', async () => {
    await using bare = await Project.create('bare')
    await bare.install('--omit=optional', join(folder, packed.filename))
    const { err, code } = await bare.exec('tendon', 'sim', 'so101', '--headless')
    expect(err).toContain('TENDON_MODULE_MISSING')
    expect(err).toContain('npm install zod')
    expect(code).not.toBe(0)
  })
})
