import { UsageError } from '../usage-error.ts'

/** Reads `1-6` or `1,2,5`; undefined where nothing was given. Throws a `UsageError`. */
export function idsIn(text: string | undefined): number[] | undefined {
  if (text === undefined) return undefined
  const ids = text.split(',').flatMap((part) => {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? []
    const length = Number(to) - Number(from) + 1
    return length >= 1 && Number(to) <= 253 ? Array.from({ length }, (_, i) => Number(from) + i) : [Number.NaN]
  })
  if (ids.some(Number.isNaN))
    throw new UsageError(`--ids ${text} are no servo ids (0 to 253).`, '--ids 1-6 or --ids 1,2,5')
  return [...new Set(ids)]
}

/** Reads `1000000,500000`; undefined for `all` and where nothing was given. Throws a `UsageError`. */
export function baudsIn(text: string | undefined): number[] | undefined {
  if (text === undefined || text === 'all') return undefined
  const bauds = text.split(',').map(Number)
  if (bauds.some((baud) => !Number.isInteger(baud) || baud <= 0))
    throw new UsageError(`--baud ${text} are no rates.`, '--baud 1000000,500000 or --baud all')
  return [...new Set(bauds)]
}
