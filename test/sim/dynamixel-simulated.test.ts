import { describe, expect, it } from 'vitest'
import { scheduleFaults, simulated, simulationOf } from '../../src/sim/index.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { dxl, le, ping, read, status, write } from './dynamixel-rig.ts'
import { busSpec, dynamixelRobot, joint, openDynamixels } from './dynamixel-world.ts'
import { toHex } from './rig.ts'

const PONG = status(1, 0, 0xfc, 0x03, 48)
const STEP = (2 * Math.PI) / 4096

describe('simulated(robot) with Dynamixels', () => {
  it('puts one servo on the bus for each joint, and its shadows behind it', async () => {
    const { ask, sim } = await openDynamixels()
    expect((await ask(ping(0xfe))).map((reply) => reply.slice(12, 14))).toEqual(['01', '02', '03', '04'])
    expect(sim.servos.map(({ joint, id }) => [joint, id])).toEqual([
      ['pan', 1],
      ['lift', 2],
      ['lift', 3],
      ['wheel', 4],
    ])
    expect(sim.servo('wheel').read('modelNumber')).toBe(1060)
  })

  it('knows the baud rate of its port, and that of a new servo where the port does not say', async () => {
    const { sim } = await openDynamixels()
    expect([sim.bus('servos').baudRate, sim.servo('pan').read('baudIndex')]).toEqual([1_000_000, 3])
    const port = { kind: 'serial', address: 'x', open: () => Promise.reject(new Error('not this one')) }
    const quiet = simulationOf(simulated(dynamixelRobot({ buses: { servos: busSpec(port) } })))
    expect([quiet.bus('servos').baudRate, quiet.servo('pan').read('baudIndex')]).toEqual([57_600, 1])
  })

  it('starts joints where it is told, through direction and calibration, and keeps them there over a power cycle', () => {
    const calibration = { pan: { homingOffset: -300, rangeMin: 900, rangeMax: 3200 } }
    const sim = simulationOf(simulated(dynamixelRobot({ calibration }), { initial: { pan: 0.25, lift: 0.5 } }))
    const pan = sim.servo('pan')
    expect([pan.read('homingOffset'), pan.read('minPosition'), pan.read('maxPosition')]).toEqual([-300, 900, 3200])
    expect(pan.read('presentPosition')).toBe(Math.round(2048 + 0.25 / STEP))
    expect(sim.servo('lift').read('presentPosition')).toBe(Math.round(2048 - 0.5 / STEP))
    sim.powerCycle()
    expect(pan.angle).toBeCloseTo(0.25, 9)
    expect(sim.servo('lift').angle).toBeCloseTo(0.5, 9)
  })

  it('a shadow obeys the id of its servo, is turned the other way round, and is in the same place', async () => {
    const { ask, sim, clock } = await openDynamixels()
    expect([sim.servo(3).read('secondaryId'), sim.servo(3).read('driveMode')]).toEqual([2, 1])
    expect(await ask(write(2, 64, 1, 1))).toEqual([status(2, 0)])
    expect([sim.servo(2).powered, sim.servo(3).powered]).toEqual([true, true])
    await ask(write(2, 116, 2548, 4))
    await clock.advance(3)
    expect([sim.servo(2).angle, sim.servo(3).angle]).toEqual([sim.servo('lift').angle, sim.servo('lift').angle])
    expect(sim.servo(3).read('presentPosition')).toBe(2548)
    expect(sim.servos.flatMap(({ alarms }) => alarms)).toEqual([])
    await ask(write(2, 64, 0, 1))
    expect([sim.servo(2).powered, sim.servo(3).powered]).toEqual([false, false])
  })

  it('a joint that turns at speeds is in velocity mode and has no ends', async () => {
    const { ask, sim, clock } = await openDynamixels()
    expect(sim.servo('wheel').read('operatingMode')).toBe(1)
    await ask(write(4, 64, 1, 1))
    await ask(write(4, 104, 200, 4))
    await clock.advance(20)
    expect(sim.servo('wheel').angle).toBeGreaterThan(20)
    expect(sim.servo('wheel').velocity).toBeCloseTo(200 * 0.229 * (Math.PI / 30), 6)
  })

  it('a joint falls as far as its limits go, a little further, and its shadow with it', async () => {
    const { sim, clock } = await openDynamixels({ joints: { lift: { gravity: 0.3 } } })
    await clock.advance(20)
    expect(sim.servo('lift').angle).toBeCloseTo(1.75, 6)
    expect(sim.servo(3).angle).toBeCloseTo(1.75, 6)
  })

  it.each([
    ['a misspelt register', 'homingOfset'],
    ['a register of another family', 'torqueLimit'],
  ])('%s is an error with near names', (_what, register) => {
    const sim = simulationOf(simulated(dynamixelRobot()))
    expect(() => sim.servo('pan').read(register as 'id')).toThrow(
      expect.objectContaining({ code: 'TENDON_SIM_UNKNOWN_NAME' }),
    )
  })

  it('a model that there is not is an error that names those that there are', () => {
    const robot = dynamixelRobot({ joints: { pan: joint(1, {}, { model: 'AX-12' }) } })
    expect(() => simulated(robot)).toThrow(expect.objectContaining({ code: 'TENDON_SIM_UNKNOWN_SERVO' }))
    expect(() => simulated(robot)).toThrow('dynamixel/XM430-W350')
  })

  it('a calibration of a servo belongs to one model; options of registers are of any', () => {
    const options = { joints: { pan: { registers: { shutdown: 0, id: 7 } } } }
    const pan = simulationOf(simulated(dynamixelRobot(), options)).servo('pan')
    expect([pan.id, pan.read('shutdown')]).toEqual([7, 0])
  })
})

describe('faults', () => {
  it('silence: hears nothing, says nothing, keeps its power', async () => {
    const { ask, faults, sim } = await openDynamixels()
    await ask(dxl(0xfe, 0x03, 64, 0, 1))
    faults.silence('pan')
    expect(await ask(ping(1))).toEqual([])
    await ask(dxl(0xfe, 0x03, 64, 0, 0))
    expect(sim.servos.map(({ powered }) => powered)).toEqual([true, false, false, false])
    faults.unsilence('pan')
    expect(await ask(ping(1))).toEqual([PONG])
  })

  it('of a joint strike its shadow too; of an id, that servo alone', async () => {
    const { ask, faults, sim } = await openDynamixels()
    faults.silence('lift')
    await ask(dxl(0xfe, 0x03, 64, 0, 1))
    expect(sim.servos.map(({ powered }) => powered)).toEqual([true, false, false, true])
    faults.clear()
    faults.silence(3)
    await ask(dxl(0xfe, 0x03, 64, 0, 1))
    expect(sim.servos.map(({ powered }) => powered)).toEqual([true, true, false, true])
  })

  it('lost, corrupt and double replies', async () => {
    const { ask, faults } = await openDynamixels()
    faults.dropReplies('pan', { next: 1 })
    expect(await ask(ping(1))).toEqual([])
    faults.corruptReplies('pan', { next: 1 })
    const [corrupt] = await ask(ping(1))
    expect(corrupt).not.toBe(PONG)
    expect(corrupt).toHaveLength(PONG.length)
    faults.duplicateReplies('pan', { next: 1 })
    expect(await ask(ping(1))).toEqual([PONG, PONG])
    expect(await ask(ping(1))).toEqual([PONG])
  })

  it('replies in pieces, and late ones', async () => {
    const { ask, faults, received } = await openDynamixels()
    faults.splitReplies('pan', { next: 1 })
    const pieces = await ask(ping(1))
    expect([pieces.length > 1, pieces.join(' ')]).toEqual([true, PONG])
    faults.delayReplies('pan', 0.007)
    const [before] = [received.at(-1)?.at ?? 0]
    await ask(ping(1))
    expect((received[0]?.at ?? 0) - before).toBeGreaterThan(0.007)
  })

  it('a servo of a fast reading whose part is lost, corrupt or in pieces spoils the frame', async () => {
    const fast = dxl(0xfe, 0x8a, 132, 0, 4, 0, 1, 2)
    const { ask, faults } = await openDynamixels()
    const [whole = ''] = await ask(fast)
    faults.dropReplies(2, { next: 1 })
    expect(await ask(fast)).toEqual([whole.slice(0, 16 * 3 - 1)])
    faults.corruptReplies(1, { next: 1 })
    const [bent = ''] = await ask(fast)
    expect([bent.length, bent !== whole]).toEqual([whole.length, true])
    faults.splitReplies(2, { next: 1 })
    const pieces = await ask(fast)
    expect([pieces.length > 1, pieces.join(' ')]).toEqual([true, whole])
    expect(await ask(fast)).toEqual([whole])
  })

  it('echo and garbage on the line', async () => {
    const { ask, faults } = await openDynamixels()
    faults.echo('servos')
    expect(await ask(ping(1))).toEqual([toHex(ping(1)), PONG])
    faults.endEcho()
    faults.garbage({ probability: 1 })
    for (let i = 0; i < 50; i++) expect(await ask(ping(1), 0.2)).toContain(PONG)
  })

  it('unplug and plug: the servos go on, and answer again', async () => {
    const { ask, faults, sim, port, clock } = await openDynamixels()
    await ask(write(1, 64, 1, 1))
    await ask(write(1, 116, 3000, 4))
    faults.unplug('servos')
    await expect(port.open({ clock })).rejects.toMatchObject({ code: 'TENDON_PORT_OPEN_FAILED' })
    await clock.advance(5)
    expect(sim.servo('pan').read('presentPosition')).toBe(3000)
    faults.plug()
    const heard: string[] = []
    const again = await port.open({ clock })
    again.onBytes((bytes) => heard.push(toHex(bytes)))
    again.write(ping(1))
    await clock.advance(0.01)
    expect(heard).toEqual([PONG])
  })

  it('a cable that is out starves the bus watchdog', async () => {
    const { ask, faults, sim, clock } = await openDynamixels()
    await ask(write(1, 112, 20, 4))
    await ask(write(1, 64, 1, 1))
    await ask(write(1, 98, 5, 1))
    await ask(write(1, 116, 3000, 4), 0.001)
    faults.unplug('servos')
    await clock.advance(5)
    expect(sim.servo('pan').read('busWatchdog')).toBe(0xff)
    expect(sim.servo('pan').read('presentPosition')).toBeLessThan(2100)
  })

  it('jam: it stays, shuts down after a while, and only a reboot gives it power again', async () => {
    const { ask, faults, sim, clock } = await openDynamixels()
    await ask(write(1, 64, 1, 1))
    faults.jam('pan')
    await ask(write(1, 116, 3000, 4))
    await clock.advance(3)
    expect([sim.servo('pan').powered, sim.servo('pan').alarms]).toEqual([false, ['overload']])
    faults.clear()
    await ask(write(1, 64, 1, 1))
    expect(sim.servo('pan').powered).toBe(false)
    await ask(dxl(1, 0x08))
    await ask(write(1, 64, 1, 1))
    await ask(write(1, 116, 3000, 4), 3)
    expect(sim.servo('pan').read('presentPosition')).toBe(3000)
  })

  it('slow: it follows at its share of the speed', async () => {
    const { ask, faults, sim } = await openDynamixels()
    await ask(write(1, 112, 100, 4))
    await ask(write(1, 64, 1, 1))
    faults.slow('pan', 0.25)
    await ask(write(1, 116, 3000, 4), 0.5)
    expect(sim.servo('pan').velocity).toBeCloseTo(25 * 0.229 * (Math.PI / 30), 6)
  })

  it('overload and heat switch the motor off at once; a supply below its minimum raises the alarm', async () => {
    const { ask, faults, sim } = await openDynamixels()
    await ask(dxl(0xfe, 0x03, 64, 0, 1))
    faults.overload('pan')
    faults.heat('lift', 90)
    faults.supply(5, 'wheel')
    expect(sim.servos.map(({ powered }) => powered)).toEqual([false, false, false, true])
    expect(sim.servos.map(({ alarms }) => alarms)).toEqual([
      ['overload'],
      ['temperature'],
      ['temperature'],
      ['voltage'],
    ])
    expect((await ask(ping(1)))[0]?.slice(24, 26)).toBe('80')
    faults.relieve('pan')
    expect(await ask(ping(1))).toEqual([PONG])
  })

  it('brown-out: limp and deaf, then as after a power cycle', async () => {
    const { ask, faults, sim } = await openDynamixels()
    await ask(write(1, 112, 77, 4))
    await ask(write(1, 64, 1, 1))
    faults.supply(2, 'pan')
    expect([await ask(ping(1)), sim.servo('pan').powered]).toEqual([[], false])
    faults.supply(undefined, 'pan')
    expect(await ask(ping(1))).toEqual([PONG])
    expect([sim.servo('pan').read('torqueEnable'), sim.servo('pan').read('profileVelocity')]).toEqual([0, 0])
  })

  it('are scheduled like those of any family, once for a joint with a shadow', async () => {
    const { ask, sim, clock } = await openDynamixels()
    const end = scheduleFaults(sim, clock, ['lift=silent@1s..2s', 'servos=slow:50%', 'all=over-temperature:60'])
    expect(await ask(read(3, 146, 1))).toEqual([status(3, 0, 60)])
    await clock.advance(1)
    expect([await ask(ping(2)), await ask(ping(3))]).toEqual([[], []])
    await clock.advance(1)
    expect(await ask(ping(3))).toHaveLength(1)
    end()
    expect(await ask(read(3, 146, 1))).toEqual([status(3, 0, 25)])
  })
})

describe('determinism', () => {
  it('the same seed gives the same bytes at the same times under all faults, whatever the clock starts at', async () => {
    const play = async (seed: number, start: number): Promise<string[]> => {
      const { ask, faults, received, clock } = await openDynamixels({ seed }, dynamixelRobot(), start)
      faults.garbage({ probability: 0.3 })
      for (const ref of ['pan', 'lift', 'wheel']) {
        faults.dropReplies(ref, { probability: 0.1 })
        faults.corruptReplies(ref, { probability: 0.1 })
        faults.duplicateReplies(ref, { probability: 0.1 })
        faults.splitReplies(ref, { probability: 0.3 })
      }
      const told: string[] = []
      await ask(dxl(0xfe, 0x03, 64, 0, 1))
      for (let i = 0; i < 40; i++) {
        await ask(dxl(0xfe, 0x83, 116, 0, 4, 0, 1, ...le(2048 + i * 5, 4), 2, ...le(2048 - i * 5, 4)), 0.002)
        await ask(dxl(0xfe, i % 2 === 0 ? 0x82 : 0x8a, 126, 0, 10, 0, 1, 2, 3, 4), 0.018)
        told.push(...received.map(({ at, bytes }) => `${(at - start).toFixed(7)} ${bytes}`))
      }
      expect(clock.now()).toBeGreaterThan(start)
      return told
    }
    const first = await play(3, 0)
    expect(first.length).toBeGreaterThan(100)
    expect(await play(3, 0)).toEqual(first)
    expect(await play(3, 1024)).toEqual(first)
    expect(await play(4, 0)).not.toEqual(first)
  })

  it('goes on where it was on another clock', async () => {
    const { ask, host, port, sim } = await openDynamixels()
    await ask(write(1, 64, 1, 1))
    await ask(write(1, 116, 3000, 4), 0.1)
    const there = sim.servo('pan').angle
    await host.close()
    const later = new VirtualClock({ start: 1000 })
    await port.open({ clock: later })
    expect(sim.servo('pan').angle).toBe(there)
    await later.advance(5)
    expect(sim.servo('pan').read('presentPosition')).toBe(3000)
  })
})
