import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse, verbNamed } from '../../src/cli/arguments.ts'
import { help, helpOf } from '../../src/cli/help.ts'
import { UsageError } from '../../src/cli/usage-error.ts'
import { type Call, has } from '../../src/cli/verb.ts'
import { verbs } from '../../src/cli/verbs.ts'

const read = (line: string): Call => {
  const [name = '', ...words] = line.split(' ')
  const asked = parse(verbNamed(name, verbs), words, verbs)
  if (asked.kind === 'help') throw new Error('that asked for help')
  return asked.call
}
const wrong = (line: string): UsageError => {
  try {
    read(line)
  } catch (error) {
    if (error instanceof UsageError) return error
  }
  throw new Error(`${line} was taken`)
}

describe('the words behind tendon', () => {
  it('are sorted into arguments and flags, wherever the flags stand', () => {
    const call = read('exec --arm moveTo pan=-30deg --robot so101 lift=1')
    expect(call.args).toEqual(['moveTo', 'pan=-30deg', 'lift=1'])
    expect(has(call, 'arm')).toBe(true)
    expect(call.options.get('robot')).toEqual(['so101'])
  })

  it('keep every value of a flag that may be repeated', () => {
    expect(read('sim so101 --fault a=stuck --fault b=hot').options.get('fault')).toEqual(['a=stuck', 'b=hot'])
  })

  it('take a path behind --pty for its value, and a word without a slash for an argument', () => {
    expect(read('sim so101 --pty /tmp/arm').options.get('pty')).toEqual(['/tmp/arm'])
    const bare = read('sim --pty so101')
    expect([bare.options.get('pty'), bare.args]).toEqual([[''], ['so101']])
  })

  it.each([
    ['exce home', 'There is no verb exce.', 'Known: exec.'],
    ['exec home --amr', 'Unknown option --amr of tendon exec.', '--arm'],
    ['run so101 --fault a=b', 'Unknown option --fault of tendon run.', 'tendon sim --fault'],
    ['exec', 'tendon exec: missing required args: command.', 'tendon exec home --arm'],
    ['status so101', "tendon status takes no 'so101'.", 'tendon status --help'],
    ['exec home --robot', '--robot needs a value.', 'tendon exec --robot <name>'],
    ['exec home --arm=yes', '--arm takes no value.', 'tendon exec --arm'],
    ['exec home --robot a --robot b', '--robot was given twice.', 'Leave one of them out: tendon exec --help'],
  ])('%j is wrong, and it says what to write', (line, what, fix) => {
    expect(wrong(line)).toMatchObject({ message: what, fix })
  })
})

describe('a verb', () => {
  const perform = async (line: string): Promise<number> => {
    const call = read(line)
    return (await verbNamed(call.verb, verbs).load())(call, verbs)
  }

  it.each([
    ['run so101 --arm --sim', 'tendon run so101, and then: tendon arm'],
    ['run so10', 'Known: so101.'],
    ['run so101 hmoe --sim', 'Known: home.'],
    ['run ./nowhere', 'Known: rover, so101, wx200.'],
    ['run nowhere.ts', 'Name a file that exports a robot as its default.'],
    ['sim so101 home --stay', 'tendon sim so101 --stay, and tendon exec from another terminal'],
    ['status --robot ../x', 'tendon list'],
    ['stop --robot ../x', 'tendon list'],
    ['stop --ids 1-6', 'tendon stop --port /dev/ttyACM0 --ids ...'],
    ['stop --family dynamixel', 'tendon stop --port /dev/ttyACM0 --family ...'],
    ['stop --port /dev/null --family dynamixl', 'Known: dynamixel.'],
    ['stop --port /dev/null --chip 0x40', 'tendon stop --port /dev/i2c-1 --chip 0x40'],
    ['stop --port /dev/i2c-1 --baud 1000000', 'tendon stop --port /dev/i2c-1'],
    ['stop --port /dev/null --ids 3-1', '--ids 1-6 or --ids 1,2,5'],
    ['stop --port /dev/null --ids 1,254', '--ids 1-6 or --ids 1,2,5'],
    ['stop --port /dev/null --baud fast', 'tendon stop --port /dev/null --baud 1000000'],
    ['cancel', 'tendon runs'],
    ['cancel home --all', 'tendon runs'],
    ['exec home --timeout soon', 'tendon exec ... --timeout 10s'],
    ['exec home --timeout 10deg', 'tendon exec ... --timeout 10s'],
    ['events --last few', 'tendon events --last 50'],
    ['explain LATCHD', 'Known: TENDON_LATCHED'],
    ['completion bsh', 'Known: bash'],
    ['param lst', 'Known: list.'],
    ['param set reach', 'tendon param set <name> <value>'],
    ['param get', 'tendon param list'],
    ['param get reach 3', 'tendon param set <name> <value>'],
    ['scan so101 --family feetech', 'tendon scan so101'],
    ['scan --port /dev/null --family fetech', 'Known: feetech.'],
    ['scan --port /dev/null --ids 5-1', '--ids 1-6 or --ids 1,2,5'],
    ['scan --port /dev/null --baud fast', '--baud 1000000,500000 or --baud all'],
    ['scan --port /dev/null --wait soon', 'tendon scan ... --wait 30ms'],
    ['setup-ids so101 --from 1', 'tendon setup-ids so101 --joint <name> --from 1'],
    ['setup-ids so101 --joint elbow_flx --from 1', 'Known: elbow_flex.'],
    ['calibrate so10', 'Known: so101.'],
    ['new Bad.Name', 'Small letters, digits, - and _: tendon new my-robot'],
    ['new test', 'Choose another name.'],
    ['doctor --yes', 'tendon doctor --fix --yes'],
    ['service instal so101', 'Known: install.'],
    ['service install', 'tendon service install robot.js'],
    ['service install so101 --user a/b --dry-run', '--user tendon'],
    ['deploy pi@host robots', 'tendon new my-arm'],
    ['deploy pi@host --dir relative', '--dir /opt/tendon/my-arm'],
    ['monitor', 'tendon status --json'],
  ])('%j is wrong usage before anything is started, and it says what to write', async (line, fix) => {
    const error = await perform(line).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(UsageError)
    expect((error as UsageError).fix).toContain(fix)
  })
})

describe('the help', () => {
  it('has a line for every verb that people use, and none for those of shells', () => {
    const lines = help(verbs).split('\n')
    for (const { name, doc, hidden } of verbs)
      expect(
        lines.some((line) => line.startsWith(`  ${name}`) && line.endsWith(doc)),
        name,
      ).toBe(!hidden)
  })

  it('of a verb names every flag of it, and its examples are taken by it', () => {
    for (const verb of verbs) {
      for (const { name } of verb.options ?? []) expect(helpOf(verb)).toContain(`--${name}`)
      for (const example of verb.examples ?? []) {
        const line = /^(?:source <\()?tendon (.*?)\)?$/.exec(example.replace(`'{"opening":0.5}'`, '{}'))?.[1] ?? ''
        expect(read(line).verb).toBe(verb.name)
      }
    }
  })
})

describe('the reference page', () => {
  const page = readFileSync(new URL('../../docs/reference/cli.md', import.meta.url), 'utf8')
  const rows = new Map(
    [...page.matchAll(/^\| `([\w-]+)(?: [^`]*)?` \| .* \|(.*)\|$/gm)].map(([, verb = '', flags = '']) => [
      verb,
      [...flags.matchAll(/`--([\w-]+)`/g)].map(([, flag]) => flag),
    ]),
  )

  it('has the very verbs and flags of the command line', () => {
    const own = verbs
      .filter(({ hidden }) => !hidden)
      .map(({ name, options = [] }) => [name, options.map((o) => o.name)])
    const told = own.map(([name]) => [name, rows.get(String(name))])
    expect(told.map(([name, flags]) => [name, [...(flags ?? [])].sort()])).toEqual(
      own.map(([name, flags]) => [name, [...(flags ?? [])].sort()]),
    )
  })

  it('has command lines that are taken', () => {
    const lines = [...page.matchAll(/```sh.*\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.trim().split('\n'))
    expect(lines.length).toBeGreaterThan(5)
    for (const line of lines) expect(read(line.replace(/^tendon /, '')).verb).toBeTruthy()
  })
})

describe('what tendon --help loads', () => {
  it('is the help and the table of verbs, and nothing of the library', () => {
    const loaded = new Set<string>()
    const load = (file: URL): void => {
      if (loaded.has(file.href)) return
      loaded.add(file.href)
      const statements = readFileSync(file, 'utf8').matchAll(/^import (?!type)[^;]*? from '([^']+)'/gm)
      for (const [, from = ''] of statements) {
        expect(from, `${file.pathname} imports ${from}`).toMatch(/^\.\//)
        load(new URL(from, file))
      }
    }
    load(new URL('../../src/cli/main.ts', import.meta.url))
    expect([...loaded].map((href) => href.split('/').at(-1))).toEqual(['main.ts', 'help.ts', 'verbs.ts'])
  })
})
