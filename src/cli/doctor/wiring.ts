import type { RobotDefinition } from 'tendon'
import { listPorts, type PortInfo } from 'tendon/serial'
import type { DoctorEnv } from './env.ts'

/** Where the serial ports of a robot are, of its buses and its sensors, each once. */
export function serialPortsOf(robot: RobotDefinition): string[] {
  const { buses, sensors } = robot.hardware
  const ports = [...Object.values(buses), ...Object.values(sensors)].flatMap(({ port }) => port ?? [])
  return [...new Set(ports.flatMap(({ kind, address }) => (kind === 'serial' ? [address] : [])))]
}

/** Whether the robot has, or could have, something behind a serial port: without a robot, nobody knows. */
export const mayUseSerial = ({ robot }: DoctorEnv): boolean => robot === undefined || serialPortsOf(robot).length > 0

/** The device that a path means, links followed: `/dev/serial/by-id/usb-…` -> `/dev/ttyACM0`. */
export function deviceOf({ machine }: DoctorEnv, path: string): string {
  return machine.realPath(path) ?? path
}

/** The ports of this machine that matter: those of the robot, or without one all that have an adapter on USB. */
export async function portsThatMatter(env: DoctorEnv): Promise<readonly PortInfo[]> {
  const ports = await listPorts({ root: env.machine.root })
  if (!env.robot) return ports.filter(({ vendorId }) => vendorId !== undefined)
  const own = serialPortsOf(env.robot).map((path) => deviceOf(env, path))
  return ports.filter(({ path }) => own.includes(path))
}
