import { defineRobot, deg, degPerSec, memoryStorage, parseRecording, RECORDING_LIMITS, recordings } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { describe, expect, it } from 'vitest'
import { MemoryTransport } from '../../src/transports/memory.ts'

const joint = (id: number) =>
  ({ servo: sts3215('servos', id), position: [deg(-90), deg(90)], velocity: degPerSec(90), stop: 'park' }) as const

const robot = defineRobot('arm', {
  buses: { servos: feetech({ port: new MemoryTransport({ baudRate: 1_000_000, connect() {} }) }) },
  joints: { pan: joint(1), lift: joint(2), wheel: { position: [0, 1], velocity: 1 } },
})

const good = {
  format: 'tendon.joint-recording',
  version: 1,
  robot: 'arm',
  joints: ['pan', 'lift'],
  rate: 50,
  startedAt: 1_767_225_600_000,
  samples: [
    [0, 0, 0.1],
    [0.02, 0.01, 0.1],
    [0.04, 0.03, 0.1],
  ],
}

const codeOf = (document: unknown): unknown => {
  try {
    parseRecording(typeof document === 'string' ? document : JSON.stringify(document), { robot, name: 'given' })
  } catch (error) {
    const { code, problem } = error as { code: string; problem: { facts: { name: string } } }
    expect(problem.facts.name).toBe('given')
    return code
  }
  return 'taken'
}

const row = (count: number, from: number): number[][] =>
  Array.from({ length: count }, (_, i) => [(i + from) / 100, 0, 0])

describe('a recording', () => {
  it('is taken as it was written', () => {
    expect(parseRecording(JSON.stringify(good), { robot })).toEqual(good)
  })

  it('keeps nothing that is not part of the format', () => {
    expect(parseRecording(JSON.stringify({ ...good, more: 1 }), { robot })).toEqual(good)
  })

  it.each<[string, unknown, string]>([
    ['that is no JSON', '{', 'FORMAT'],
    ['that is a list', [], 'FORMAT'],
    ['that is null', null, 'FORMAT'],
    ['of another format', { ...good, format: 'csv' }, 'FORMAT'],
    ['of a later version', { ...good, version: 2 }, 'FORMAT'],
    ['of no robot', { ...good, robot: 7 }, 'FORMAT'],
    ['of another robot', { ...good, robot: 'leg' }, 'OTHER_ROBOT'],
    ['without joints', { ...good, joints: [] }, 'FORMAT'],
    ['with a joint twice', { ...good, joints: ['pan', 'pan'] }, 'FORMAT'],
    ['with an unknown joint', { ...good, joints: ['pan', 'lfit'] }, 'UNKNOWN_JOINT'],
    ['with a joint that has no servo', { ...good, joints: ['pan', 'wheel'] }, 'UNKNOWN_JOINT'],
    ['without a rate', { ...good, rate: 0 }, 'FORMAT'],
    ['without its wall time', { ...good, startedAt: 'today' }, 'FORMAT'],
    ['without samples', { ...good, samples: undefined }, 'FORMAT'],
    ['of one sample', { ...good, samples: [[0, 0, 0]] }, 'EMPTY'],
    [
      'with a sample too short',
      {
        ...good,
        samples: [
          [0, 0, 0],
          [1, 0],
        ],
      },
      'FORMAT',
    ],
    ['with a sample that is no list', { ...good, samples: [[0, 0, 0], '1,0,0'] }, 'FORMAT'],
    [
      'with a position that is no number',
      {
        ...good,
        samples: [
          [0, 0, 0],
          [1, 0, null],
        ],
      },
      'FORMAT',
    ],
    [
      'that does not begin at 0',
      {
        ...good,
        samples: [
          [1, 0, 0],
          [2, 0, 0],
        ],
      },
      'TIME',
    ],
    [
      'with a time twice',
      {
        ...good,
        samples: [
          [0, 0, 0],
          [1, 0, 0],
          [1, 0, 0],
        ],
      },
      'TIME',
    ],
    [
      'that goes back in time',
      {
        ...good,
        samples: [
          [0, 0, 0],
          [1, 0, 0],
          [0.5, 0, 0],
        ],
      },
      'TIME',
    ],
    [
      'past a limit',
      {
        ...good,
        samples: [
          [0, 0, 0],
          [1, 0, 1.7],
        ],
      },
      'LIMIT',
    ],
    ['of more samples than there may be', { ...good, samples: row(RECORDING_LIMITS.samples + 1, 0) }, 'TOO_LONG'],
    [
      'of more than ten minutes',
      {
        ...good,
        samples: [
          [0, 0, 0],
          [601, 0, 0],
        ],
      },
      'TOO_LONG',
    ],
  ])('%s is refused with its code', (_, document, code) => {
    expect(codeOf(document)).toBe(`TENDON_RECORDING_${code}`)
  })

  it('past a limit by what counts as arrived is taken: so reads a joint that stands at its limit', () => {
    expect(
      codeOf({
        ...good,
        samples: [
          [0, 0, deg(90)],
          [1, 0, deg(90) + 0.019],
        ],
      }),
    ).toBe('taken')
    expect(
      codeOf({
        ...good,
        samples: [
          [0, 0, deg(90)],
          [1, 0, deg(90) + 0.021],
        ],
      }),
    ).toBe('TENDON_RECORDING_LIMIT')
  })
})

describe('the shelf of a robot', () => {
  it('keeps recordings under the name of the robot, and only gives its own', async () => {
    const storage = memoryStorage({ 'leg/recordings/kick': '{}', 'arm/parameters': '{}' })
    const shelf = recordings(storage, robot)
    await shelf.save('wave', good as never)
    expect(await storage.list('arm')).toEqual(['arm/parameters', 'arm/recordings/wave'])
    expect(await shelf.list()).toEqual(['wave'])
    expect(await shelf.load('wave')).toEqual(good)
    await shelf.forget('wave')
    await expect(shelf.load('wave')).rejects.toMatchObject({ code: 'TENDON_RECORDING_MISSING' })
  })

  it.each(['', '..', 'a/b', 'a.b', 'x'.repeat(65)])('takes no name %j', async (name) => {
    const shelf = recordings(memoryStorage(), robot)
    await expect(shelf.save(name, good as never)).rejects.toMatchObject({ code: 'TENDON_RECORDING_NAME' })
    await expect(shelf.load(name)).rejects.toMatchObject({ code: 'TENDON_RECORDING_NAME' })
    await expect(shelf.forget(name)).rejects.toMatchObject({ code: 'TENDON_RECORDING_NAME' })
  })
})
