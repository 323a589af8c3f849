import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineRobot, type RobotDefinition, TendonError } from 'tendon'
import { simulated } from 'tendon/sim'
import { harness } from 'tendon/testing'
import { describe, expect, it } from 'vitest'
import so101 from '../../robots/so101/robot.ts'
import { ControlClient } from '../../src/cli/control/client.ts'
import { robotsHere, theRobot } from '../../src/cli/control/find.ts'
import { prepareFolder, runtimeFolder, socketOf } from '../../src/cli/control/place.ts'
import { ControlSocket } from '../../src/cli/control/server.ts'
import type { AnyRobot } from '../../src/cli/control/views.ts'

const inNewFolder = (name = 'run'): string => join(mkdtempSync(join(tmpdir(), 'tendon-place-')), name)
const codeOf = (act: () => unknown): string | undefined => {
  try {
    act()
  } catch (error) {
    return error instanceof TendonError ? error.code : String(error)
  }
  return undefined
}
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => (error instanceof TendonError ? error.problem : undefined),
  )
const turret = (name = 'turret') => defineRobot(name, {}).with({})

describe('where the sockets are', () => {
  it('is what TENDON_RUNTIME_DIR says, then a folder of the session, then one in the home', () => {
    expect(runtimeFolder({ TENDON_RUNTIME_DIR: '/a', XDG_RUNTIME_DIR: '/b' })).toBe('/a')
    expect(runtimeFolder({ XDG_RUNTIME_DIR: '/b' })).toBe('/b/tendon')
    expect(runtimeFolder({})).toMatch(/\.tendon\/run$/)
  })

  it('holds a path as long as the system takes, and refuses a longer one before it fails', () => {
    const room = (process.platform === 'linux' ? 107 : 103) - '/.sock'.length - 1
    expect(socketOf('x'.repeat(room), 'a')).toHaveLength(room + '/a.sock'.length)
    expect(codeOf(() => socketOf('x'.repeat(room), 'ab'))).toBe('TENDON_CONTROL_PATH')
    expect(codeOf(() => socketOf('ü'.repeat(room / 2 + 1), 'a'))).toBe('TENDON_CONTROL_PATH')
  })
})

describe('the folder of the sockets', () => {
  it('is made for its owner only, whatever the umask is', () => {
    const folder = inNewFolder('deep/run')
    const mask = process.umask(0)
    try {
      prepareFolder(folder)
    } finally {
      process.umask(mask)
    }
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  it('is refused when others may write there', () => {
    const folder = inNewFolder()
    mkdirSync(folder)
    chmodSync(folder, 0o777)
    expect(codeOf(() => prepareFolder(folder))).toBe('TENDON_CONTROL_FOLDER')
  })

  it('is refused when it is a file', () => {
    const file = inNewFolder()
    writeFileSync(file, '')
    expect(codeOf(() => prepareFolder(join(file, 'run')))).toBe('TENDON_CONTROL_FOLDER')
  })
})

describe('the socket of a robot', () => {
  it('can be opened by its owner only, and is gone after close together with its card', async () => {
    const folder = inNewFolder()
    const mask = process.umask(0)
    const socket = await ControlSocket.claim(turret(), folder).finally(() => process.umask(mask))
    expect(statSync(join(folder, 'turret.sock')).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'turret.json')).mode & 0o777).toBe(0o600)
    await socket.close()
    expect([existsSync(join(folder, 'turret.sock')), existsSync(join(folder, 'turret.json'))]).toEqual([false, false])
  })

  it('that is answered refuses a second program, and names the process', async () => {
    const folder = inNewFolder()
    await using rig = await harness(so101)
    const socket = await ControlSocket.claim(so101, folder)
    socket.serve({
      robot: rig.robot as unknown as AnyRobot,
      definition: so101 as unknown as RobotDefinition,
      simulated: true,
      clock: rig.clock,
    })
    const found = await refusal(ControlSocket.claim(so101, folder))
    expect(found).toMatchObject({ code: 'TENDON_CONTROL_TAKEN', facts: { robot: 'so101', pid: process.pid } })
    await socket.close()
  })

  it('that nobody answers any more is replaced', async () => {
    const folder = inNewFolder()
    mkdirSync(folder, { mode: 0o700 })
    const path = join(folder, 'turret.sock')
    const dead = createServer()
    await new Promise<void>((resolve) => dead.listen(path, resolve))
    // What a kill leaves: the file of a socket without the socket.
    linkSync(path, `${path}.kept`)
    await new Promise((resolve) => dead.close(resolve))
    renameSync(`${path}.kept`, path)
    const socket = await ControlSocket.claim(turret(), folder)
    const client = await ControlClient.connect('turret', path, undefined)
    expect(client).toBeInstanceOf(ControlClient)
    if (client instanceof ControlClient) client.close()
    await socket.close()
  })

  it('answers that the robot is still starting until it is served', async () => {
    const folder = inNewFolder()
    const socket = await ControlSocket.claim(turret(), folder)
    const client = await ControlClient.connect('turret', socket.path, undefined)
    if (typeof client === 'string') throw new Error(client)
    expect(await refusal(client.call('status'))).toMatchObject({ code: 'TENDON_CONTROL_STARTING' })
    client.close()
    await socket.close()
  })

  it('lets go one that asks for nothing when there are too many callers, and never the newest', async () => {
    const folder = inNewFolder()
    const socket = await ControlSocket.claim(turret(), folder)
    const connect = async (): Promise<ControlClient> => {
      const client = await ControlClient.connect('turret', socket.path, undefined)
      if (typeof client === 'string') throw new Error(client)
      return client
    }
    const clients: ControlClient[] = []
    for (let i = 0; i < 40; i++) {
      const client = await connect()
      clients.push(client)
      expect(await refusal(client.call('status'))).toMatchObject({ code: 'TENDON_CONTROL_STARTING' })
    }
    expect(socket.callers).toBe(32)
    expect(await refusal(clients[0]?.call('status') ?? Promise.resolve())).toMatchObject({
      code: 'TENDON_CONTROL_LOST',
    })
    for (const client of clients) client.close()
    await socket.close()
  })

  it('leaves the card of a robot that was not verified off: it names the port, and what to run', async () => {
    const folder = inNewFolder()
    await using rig = await harness(so101)
    await rig.arm()
    const socket = await ControlSocket.claim(so101, folder)
    socket.serve({
      robot: rig.robot as unknown as AnyRobot,
      definition: so101 as unknown as RobotDefinition,
      simulated: false,
      clock: rig.clock,
    })
    await socket.close()
    expect(JSON.parse(readFileSync(join(folder, 'so101.json'), 'utf8'))).toMatchObject({
      robot: 'so101',
      buses: [{ port: '/dev/ttyACM0', servos: [1, 2, 3, 4, 5, 6].map((id) => expect.objectContaining({ id })) }],
    })
    const [found] = await robotsHere(folder)
    expect(found).toMatchObject({ robot: 'so101', is: 'gone' })
    if (found?.is !== 'gone') throw new Error('it is not gone')
    expect(found.problem.problem).toMatchObject({
      code: 'TENDON_CONTROL_GONE',
      power: 'unknown',
      fix: 'tendon stop --port /dev/ttyACM0',
    })
  })

  it('of a simulated robot leaves nothing to fear', async () => {
    const folder = inNewFolder()
    const socket = await ControlSocket.claim(simulated(so101), folder)
    expect(JSON.parse(readFileSync(join(folder, 'so101.json'), 'utf8'))).toMatchObject({ buses: [] })
    await socket.close()
  })

  it.each(['../so101', '', 'a/b', 'a b'])(
    'is not looked for under the name %j, which could leave the folder',
    async (name) => {
      await expect(theRobot(name)).rejects.toThrow('is no name of a robot')
    },
  )
})
