import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { GuardRecord } from '../../src/guard/contract.ts'
import { leaveRecord, takeRecords } from '../../src/guard/record.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'tendon-record-'))
const record = (more: Partial<GuardRecord> = {}): GuardRecord => ({
  robot: 'arm',
  bus: 'servos',
  port: '/dev/ttyACM0',
  at: 1000,
  why: 'ended',
  pid: 7,
  gone: true,
  wrote: [{ frame: 'halt', bytes: 'ff', copies: 3 }],
  ...more,
})

describe('the record of a guard', () => {
  test('is taken once, oldest first, by the robot that it is of', () => {
    const place = folder()
    leaveRecord(place, record({ bus: 'left', at: 2000 }))
    leaveRecord(place, record({ bus: 'right', at: 1000 }))
    leaveRecord(place, record({ robot: 'arm2' }))
    expect(takeRecords(place, 'arm').map(({ bus }) => bus)).toEqual(['right', 'left'])
    expect(takeRecords(place, 'arm')).toEqual([])
    expect(takeRecords(place, 'arm2')).toEqual([record({ robot: 'arm2' })])
  })

  test('of a bus takes the place of an older one, so that there is one at most for each', () => {
    const place = folder()
    for (let at = 0; at < 5; at++) leaveRecord(place, record({ at }))
    expect(readdirSync(place)).toHaveLength(1)
    expect(takeRecords(place, 'arm')).toEqual([record({ at: 4 })])
  })

  test('that is damaged is none, and goes; a folder that is not there holds none', () => {
    const place = folder()
    writeFileSync(join(place, 'guard.arm.servos.json'), '{"robot":"arm","at"')
    expect(takeRecords(place, 'arm')).toEqual([])
    expect(readdirSync(place)).toEqual([])
    expect(takeRecords(join(place, 'nowhere'), 'arm')).toEqual([])
  })

  test('leaves other files of the folder alone, and makes the folder', () => {
    const place = join(folder(), 'deep', 'down')
    leaveRecord(place, record())
    writeFileSync(join(place, 'arm.json'), '{}')
    takeRecords(place, 'arm')
    expect(existsSync(join(place, 'arm.json'))).toBe(true)
  })
})
