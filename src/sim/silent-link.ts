import { TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { LinkSpec, MessageLink } from '../device/link.ts'

/**
 * A link through which nothing ever comes, and what is published goes nowhere: what a simulated robot does must not
 * reach the broker of a real one. `name` is what a person would call it.
 */
export function silentLink(name: string): LinkSpec {
  const address = `simulated ${name}`
  return { kind: 'simulated', address, open: async () => silence(address) }
}

function silence(address: string): MessageLink {
  let open = true
  const nothing = (): (() => void) => () => {}
  const checkOpen = (): void => {
    if (!open) throw new TendonError(problem('TENDON_LINK_CLOSED', { port: address }))
  }
  return {
    address,
    get status() {
      return open ? ({ online: true } as const) : { online: false, problem: undefined }
    },
    subscribe: async () => {
      checkOpen()
      return () => {}
    },
    publish: async () => checkOpen(),
    onStatus: nothing,
    close: async () => {
      open = false
    },
  }
}
