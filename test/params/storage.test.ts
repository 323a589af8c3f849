import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileStorage, memoryStorage, type Storage } from 'tendon'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codeOf, rejectionOf } from '../kernel/fixture.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tendon-storage-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const kinds: [string, () => Storage][] = [
  ['memoryStorage', () => memoryStorage()],
  ['fileStorage', () => fileStorage(join(folder, 'made', 'on', 'demand'))],
]

describe.each(kinds)('%s', (_, make) => {
  it('gives back what was written last, and undefined where nothing was', async () => {
    const storage = make()
    expect(await storage.read('arm/parameters')).toBeUndefined()
    await storage.write('arm/parameters', 'one')
    await storage.write('arm/parameters', 'two, with ümlauts and \n lines')
    expect(await storage.read('arm/parameters')).toBe('two, with ümlauts and \n lines')
  })

  it('keeps names apart, also a name and a folder of that name', async () => {
    const storage = make()
    await storage.write('arm', 'robot')
    await storage.write('arm/parameters', 'parameters')
    expect(await storage.read('arm')).toBe('robot')
    expect(await storage.read('arm/parameters')).toBe('parameters')
  })

  it('forgets what is removed, and nothing else; removing nothing is no error', async () => {
    const storage = make()
    await storage.write('arm/a', 'a')
    await storage.write('arm/b', 'b')
    await storage.remove('arm/a')
    await storage.remove('arm/never')
    expect(await storage.read('arm/a')).toBeUndefined()
    expect(await storage.list('arm')).toEqual(['arm/b'])
  })

  it('lists all names below a folder, sorted, and none of another', async () => {
    const storage = make()
    for (const name of ['arm/recordings/wave', 'arm/parameters', 'arm/recordings/bow', 'armada/parameters', 'arm'])
      await storage.write(name, name)
    expect(await storage.list('arm')).toEqual(['arm/parameters', 'arm/recordings/bow', 'arm/recordings/wave'])
    expect(await storage.list('arm/recordings')).toEqual(['arm/recordings/bow', 'arm/recordings/wave'])
    expect(await storage.list('nobody')).toEqual([])
  })

  it.each([
    '../secret',
    '/etc/passwd',
    'arm/../../secret',
    '.',
    '..',
    '',
    'arm/',
    '/arm',
    'a//b',
    'a\\b',
    'a.json',
    'a b',
    'a\n',
  ])('refuses the name %j in every call', async (name) => {
    const storage = make()
    const calls = [storage.read(name), storage.write(name, 'x'), storage.remove(name), storage.list(name)]
    for (const call of calls) expect(codeOf(await rejectionOf(call))).toBe('TENDON_ARGUMENT_INVALID')
  })
})

describe('memoryStorage', () => {
  it('begins with the texts that it is given', async () => {
    const storage = memoryStorage({ 'arm/parameters': 'before' })
    expect(await storage.read('arm/parameters')).toBe('before')
    expect(await storage.list('arm')).toEqual(['arm/parameters'])
  })
})

describe('fileStorage', () => {
  const inside = (...parts: string[]): string => join(folder, ...parts)

  it('is one file for each name, readable by its owner only, in folders that are his', async () => {
    await fileStorage(inside('data')).write('arm/parameters', '{}')
    expect(await readFile(inside('data', 'arm', 'parameters.json'), 'utf8')).toBe('{}')
    expect((await stat(inside('data', 'arm', 'parameters.json'))).mode & 0o777).toBe(0o600)
    expect((await stat(inside('data', 'arm'))).mode & 0o777).toBe(0o700)
  })

  it('outlives the object that wrote it', async () => {
    await fileStorage(folder).write('arm/parameters', 'kept')
    expect(await fileStorage(folder).read('arm/parameters')).toBe('kept')
  })

  it('stays in the folder that it was given when the program changes its own', async () => {
    const before = process.cwd()
    process.chdir(folder)
    try {
      const storage = fileStorage('here')
      await mkdir(inside('elsewhere'))
      process.chdir(inside('elsewhere'))
      await storage.write('arm', 'x')
    } finally {
      process.chdir(before)
    }
    expect(await readFile(inside('here', 'arm.json'), 'utf8')).toBe('x')
  })

  it('leaves nothing beside the file, also after a write that fails', async () => {
    const storage = fileStorage(folder)
    await storage.write('arm/parameters', 'one')
    // A folder stands where the file should go: the text is written, and cannot be moved there.
    await mkdir(inside('arm', 'blocked.json', 'x'), { recursive: true })
    await rejectionOf(storage.write('arm/blocked', 'two'))
    expect((await readdir(inside('arm'))).sort()).toEqual(['blocked.json', 'parameters.json'])
  })

  it('lists neither what is no text of its own nor what a crash left behind', async () => {
    const storage = fileStorage(folder)
    await storage.write('arm/parameters', 'one')
    await writeFile(inside('arm', 'parameters.json.99-1.new'), 'half')
    await writeFile(inside('arm', 'notes.txt'), 'mine')
    await writeFile(inside('arm', 'not a name.json'), 'mine')
    expect(await storage.list('arm')).toEqual(['arm/parameters'])
    for (const name of await storage.list('arm')) expect(await storage.read(name)).toBeDefined()
  })

  it('writes of one name at a time leave one of the texts whole', async () => {
    const storages = [fileStorage(folder), fileStorage(folder)]
    const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(5000))
    await Promise.all(texts.map((text, i) => storages[i % 2]?.write('arm/parameters', text)))
    expect(texts).toContain(await storages[0]?.read('arm/parameters'))
    expect(await readdir(inside('arm'))).toEqual(['parameters.json'])
  })

  it('rejects with the error of the file where there is one and it cannot be read, and does not take it for missing', async () => {
    await mkdir(inside('arm', 'parameters.json'), { recursive: true })
    const error = await rejectionOf(fileStorage(folder).read('arm/parameters'))
    expect(error).toMatchObject({ code: 'TENDON_STORAGE_FAILED', cause: { code: 'EISDIR' } })
  })

  it('refuses bytes that are no text, so that nobody writes back a damaged copy', async () => {
    await mkdir(inside('arm'))
    await writeFile(inside('arm', 'parameters.json'), new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]))
    const error = await rejectionOf(fileStorage(folder).read('arm/parameters'))
    expect(error).toMatchObject({
      code: 'TENDON_STORAGE_FAILED',
      cause: { code: 'ERR_ENCODING_INVALID_ENCODED_DATA' },
    })
  })

  it('a process that is killed while it writes leaves the text from before or the new one, never half of one', {
    timeout: 60_000,
  }, async () => {
    const storage = fileStorage(folder)
    const old = `old ${'o'.repeat(200_000)}`
    for (const writes of [1, 4]) {
      await storage.write('arm/parameters', old)
      const writer = fork(new URL('./endless-writer.ts', import.meta.url), [folder], {
        execArgv: ['--conditions=tendon-source', '--import', 'tsx'],
      })
      let count = 0
      const enough = new Promise<void>((resolve) => {
        writer.on('message', () => {
          if (++count === writes) resolve()
        })
      })
      await enough
      writer.kill('SIGKILL')
      await once(writer, 'exit')
      const text = (await storage.read('arm/parameters')) ?? ''
      expect(text).toMatch(/^new (\d+) n{200000} \1$/)
    }
  })
})
