import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ByteTransport, Clock } from 'tendon'
import { openPty, type Pty } from 'tendon/pty'
import { serial } from 'tendon/serial'
import { type Streaming, streamTo } from 'tendon/sim'
import { UsageError } from './usage-error.ts'

/** Sentences with a heading, of any talker: what `nmea.heading` decodes. */
const HEADING = /^\$[A-Z]{2}HD[GMT],/m
const BAUD_RATE = 4800

/** An instrument that is not there: its recording, played at the pace of the wire into a real serial port. */
export interface PlayedCompass {
  /** Where the robot's sensor listens: the real `serialport` at one end of a pty. */
  readonly port: ByteTransport
  readonly recording: string
  /** Begins to play, over and over, as fast as this clock says. */
  play(clock: Clock): void
  close(): Promise<void>
}

/**
 * Plays the first recording with headings in the folder that `TENDON_RECORDINGS` names, otherwise in `folder`. Rejects
 * with a `TendonError` where there is no pty.
 */
export async function playedCompass(folder: string): Promise<PlayedCompass> {
  const { file, bytes } = recordingIn(process.env.TENDON_RECORDINGS) ?? recordingIn(folder) ?? missing(folder)
  const pty: Pty = await openPty()
  let streaming: Streaming | undefined
  return {
    port: serial({ path: pty.path, baudRate: BAUD_RATE }),
    recording: file,
    play: (clock) => {
      streaming ??= streamTo(pty.connection, bytes, { baudRate: BAUD_RATE, loop: true, clock })
    },
    close: async () => {
      streaming?.stop()
      await pty.close()
    },
  }
}

function recordingIn(folder: string | undefined): { file: string; bytes: Uint8Array } | undefined {
  if (!folder) return undefined
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.log')) continue
    const bytes = readFileSync(join(folder, file))
    if (HEADING.test(bytes.toString('latin1'))) return { file, bytes }
  }
  return undefined
}

function missing(folder: string): never {
  throw new UsageError(`There is no recording with headings in ${folder}.`, `ls ${folder}`)
}
