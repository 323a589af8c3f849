import { systemClock, TendonError } from 'tendon'
import type { MessageLink } from 'tendon/device'
import { type MqttOptions, mqtt } from 'tendon/mqtt'
import { onTestFinished } from 'vitest'

/** The problem that something is refused with. */
export async function refusal(work: Promise<unknown>) {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(thrown instanceof TendonError)) throw new Error(`a TendonError was expected, got ${String(thrown)}`)
  return thrown.problem
}

/** What opening a link with these options is refused with. */
export const refusalOf = (options: MqttOptions) => refusal(mqtt(options).open({ clock: systemClock }))

/** A link that is open until the test ends. */
export async function opened(options: MqttOptions): Promise<MessageLink> {
  const link = await mqtt(options).open({ clock: systemClock })
  onTestFinished(() => link.close())
  return link
}
