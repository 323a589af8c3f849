/** Finds frames in a stream of bytes; what it finds it gives to the sink that it was made with. Never throws. */
export interface FrameDecoder {
  push(chunk: Uint8Array): void
  /** Forgets an unfinished frame. */
  reset(): void
  /** How many candidates failed the framing's check until now. */
  readonly rejected: number
}

/** What a line must know of the protocol that it carries. */
export interface LineProtocol<Frame> {
  decoder(sink: (frame: Frame) => void): FrameDecoder
  /** A number that tells replies apart as far as they tell themselves apart: by sender and length, usually. */
  keyOf(frame: Frame): number
  /** The id of the servo whose replies have this key, so that they can be counted by servo. Absent: they are not. */
  senderOf?(key: number): number
}

/** One reply that a request waits for. */
export interface ExpectedReply {
  /** What `keyOf` gives for it. */
  readonly key: number
  /**
   * What was asked, which the reply itself does not tell: two questions with the same key and another `asks` must not
   * follow each other while a reply to the first may still be under way.
   */
  readonly asks: number
}

/** One frame that the host sends, and what must come back. */
export interface LineRequest {
  /** For people: `read present_position`. */
  readonly label: string
  readonly bytes: Uint8Array
  /** Empty: nothing answers, and the request ends when it was written. */
  readonly replies: readonly ExpectedReply[]
  /** Bytes of all replies together, for the deadline. */
  readonly replyBytes: number
  /** How often it is sent at most until every reply is there; at least 1. */
  readonly tries: number
  /** Whether a stop discards it: everything that moves or powers a servo. Reading and power-off outlive a stop. */
  readonly droppedByStop: boolean
  /** Whether it tells a device to change: a reply to an earlier question then no longer answers the same one. */
  readonly changes?: boolean | undefined
  /** Goes before requests that are not, and has a reserve of its own in the queue: power-off and its verification. */
  readonly urgent?: boolean | undefined
  /** Counted as a retry, because a joined request before it was not answered by everybody. */
  readonly isRetry?: boolean | undefined
}
