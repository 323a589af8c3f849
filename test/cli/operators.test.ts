import { EventEmitter } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import type * as net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineRobot } from 'tendon'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { robotsHere } from '../../src/cli/control/find.ts'
import { foldersHere } from '../../src/cli/control/place.ts'
import { ControlSocket } from '../../src/cli/control/server.ts'
import { here } from './in-process.ts'

// Nothing is refused to root: that this user may not is what the system says here.
const denied = vi.hoisted(() => ({ isOn: false }))
vi.mock('node:net', async (original) => {
  const real = await original<typeof net>()
  const connect = (path: string): unknown => {
    if (!denied.isOn) return real.connect(path)
    const socket = Object.assign(new EventEmitter(), { destroy: () => {} })
    setImmediate(() => socket.emit('error', Object.assign(new Error('connect EACCES'), { code: 'EACCES' })))
    return socket
  }
  return { ...real, connect }
})

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tendon-operators-'))
  chmodSync(folder, 0o750)
  return folder
}
const robot = (name: string) => defineRobot(name, {}).with({})
const modeOf = (path: string): number => statSync(path).mode & 0o777

describe('the sockets of robots that run as a service', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
    denied.isOn = false
  })

  it('are for the group too, and the card can be read by it, only where the unit says so', async () => {
    for (const [share, modes] of [
      ['group', [0o660, 0o640]],
      ['', [0o600, 0o600]],
    ] as const) {
      vi.stubEnv('TENDON_SHARE', share)
      const folder = newFolder()
      const socket = await ControlSocket.claim(robot('turret'), folder)
      expect([modeOf(socket.path), modeOf(join(folder, 'turret.json'))]).toEqual(modes)
      await socket.close()
    }
  })

  it('are looked for beside those of the user, unless one folder was named', () => {
    expect(foldersHere({ XDG_RUNTIME_DIR: '/run/user/1000' })).toEqual(['/run/user/1000/tendon', '/run/tendon'])
    expect(foldersHere({ TENDON_RUNTIME_DIR: '/a', XDG_RUNTIME_DIR: '/b' })).toEqual(['/a'])
  })

  it('are found in every folder that is looked into', async () => {
    const folders = [newFolder(), newFolder()] as const
    for (const [at, folder] of folders.entries())
      writeFileSync(
        join(folder, `arm_${at}.json`),
        JSON.stringify({ robot: `arm_${at}`, pid: 1, buses: [{ name: 'servos', port: '/dev/ttyACM0', servos: [] }] }),
      )
    expect((await robotsHere(...folders)).map((found) => [found.robot, found.is])).toEqual([
      ['arm_0', 'gone'],
      ['arm_1', 'gone'],
    ])
  })

  it.each([['status'], ['stop'], ['arm']])(
    '%s of one that this user may not talk to says which group to join, and never that it is gone',
    async (verb) => {
      const folder = newFolder()
      mkdirSync(join(folder, 'run'), { mode: 0o700 })
      writeFileSync(join(folder, 'run/turret.sock'), '')
      denied.isOn = true
      const { err, code } = await here([verb, '--robot', 'turret'], { TENDON_RUNTIME_DIR: join(folder, 'run') })
      expect(err).toContain('TENDON_CONTROL_DENIED')
      expect(err).toContain('fix:   sudo usermod --append --groups tendon $USER')
      expect(code).toBe(1)
    },
  )
})
