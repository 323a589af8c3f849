import type { Output } from './output.ts'

/** How far a run is, while it runs. */
export interface Progress {
  /** Takes any feedback; only `{ fraction }` shows. */
  update(feedback: unknown): void
  /** Takes what moves away. Doing it twice does nothing. */
  end(): void
}

const fractionOf = (feedback: unknown): number | undefined => {
  const fraction =
    typeof feedback === 'object' && feedback !== null && 'fraction' in feedback ? feedback.fraction : undefined
  return typeof fraction === 'number' && Number.isFinite(fraction) ? Math.min(Math.max(fraction, 0), 1) : undefined
}

/** A bar on a terminal, quarters of the way elsewhere, nothing in JSON. */
export async function progressFor(output: Output, label: string): Promise<Progress> {
  if (output.json) return { update() {}, end() {} }
  return output.terminal ? bar(label) : quarters(output, label)
}

function quarters(output: Output, label: string): Progress {
  let shown = 0
  return {
    update(feedback) {
      const quarter = Math.floor((fractionOf(feedback) ?? 0) * 4)
      if (quarter > shown) output.say(`  ${label} ${quarter * 25} %`)
      shown = Math.max(shown, quarter)
    },
    end() {},
  }
}

async function bar(label: string): Promise<Progress> {
  const { default: cliProgress } = await import('cli-progress')
  const format = '  {label} {bar} {percentage} %'
  // It must not keep a program alive that has nothing else to do, nor have a handler of its own for Ctrl-C.
  const options = {
    stream: process.stdout,
    format,
    barsize: 32,
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
  }
  const made = new cliProgress.SingleBar(options, cliProgress.Presets.shades_classic)
  let begun = false
  return {
    update(feedback) {
      const fraction = fractionOf(feedback)
      if (fraction === undefined) return
      if (!begun) made.start(1, fraction, { label })
      else made.update(fraction)
      begun = true
    },
    end() {
      if (begun) made.stop()
      begun = false
    },
  }
}
