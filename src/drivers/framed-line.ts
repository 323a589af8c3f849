import { badArgument } from '../base/argument.ts'
import type { Decoder, Framing } from '../framing/framing.ts'
import type { LineProtocol } from './line-request.ts'

/**
 * A half-duplex line whose frames a framing finds: `keyOf` gives a number that tells replies apart, such as the id of
 * the servo that sent it. For framings that bytes end, not silences: the line has no clock to lend.
 */
export function framedLine<Frame>(framing: Framing<Frame>, keyOf: (frame: Frame) => number): LineProtocol<Frame> {
  return {
    keyOf,
    decoder(sink) {
      let rejected = 0
      let decoder: Decoder<Frame> = begin(framing)
      const emit = {
        frame: sink,
        bad(): void {
          rejected++
        },
      }
      return {
        push: (chunk) => decoder.push(chunk, emit),
        reset() {
          decoder = begin(framing)
        },
        get rejected() {
          return rejected
        },
      }
    },
  }
}

function begin<Frame>(framing: Framing<Frame>): Decoder<Frame> {
  const decoder = framing.create()
  if (decoder.close) throw badArgument('framedLine()', 'framing', framing.kind, 'a framing without timers')
  return decoder
}
