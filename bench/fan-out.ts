import { filter, Subject } from 'rxjs'
import { Hub } from '../src/stream/hub.ts'
import { atMost, checkDone, compare, type Row } from './measure.ts'

interface Message {
  readonly topic: string
  readonly n: number
}

const SUBSCRIBERS = 1000
/** Publishes per call of a side, so that timing and checking cost next to nothing beside the work. */
const BATCH = 20

const topics = Array.from({ length: SUBSCRIBERS }, (_, i) => `run/${i}`)
const topicOf = (i: number): string => topics[i % SUBSCRIBERS] ?? ''

/** Every side counts its deliveries; the sum of the delivered numbers shows that it was the right message. */
class Tally {
  #count = 0
  #sum = 0

  readonly take = (message: Message): void => {
    this.#count++
    this.#sum += message.n
  }

  check(what: string, count: number, sum: number): void {
    checkDone(`${what}, deliveries`, this.#count, count)
    checkDone(`${what}, sum`, this.#sum, sum)
    this.#count = 0
    this.#sum = 0
  }
}

const noFaults = (error: unknown): void => {
  throw error
}

/** Publishes BATCH messages, on topics that move on, and checks that each reached `perMessage` subscribers. */
function publisher(what: string, tally: Tally, perMessage: number, send: (message: Message) => void): () => void {
  let next = 0
  return () => {
    let sum = 0
    for (let i = 0; i < BATCH; i++) {
      const n = next++
      sum += n
      send({ topic: topicOf(n), n })
    }
    tally.check(what, BATCH * perMessage, sum * perMessage)
  }
}

function subjectOfAll(what: string): () => void {
  const subject = new Subject<Message>()
  const tally = new Tally()
  // A closure for each, as real subscribers are: the same function a thousand times would be inlined.
  for (let i = 0; i < SUBSCRIBERS; i++) subject.subscribe((message) => tally.take(message))
  return publisher(what, tally, SUBSCRIBERS, (message) => subject.next(message))
}

async function oneMatch(): Promise<Row> {
  const hub = new Hub<Message>(noFaults)
  const subject = new Subject<Message>()
  const ours = new Tally()
  const theirs = new Tally()
  for (const topic of topics) {
    hub.on(topic, (message) => ours.take(message))
    subject.pipe(filter((message) => message.topic === topic)).subscribe((message) => theirs.take(message))
  }
  const ratio = await compare(
    publisher('hub, one match', ours, 1, (message) => hub.publish(message.topic, message)),
    publisher('Subject and filter, one match', theirs, 1, (message) => subject.next(message)),
  )
  return atMost('G7', '1,000 subscribers, one match', 0.01, ratio)
}

async function allPlain(): Promise<Row> {
  const hub = new Hub<Message>(noFaults)
  const tally = new Tally()
  for (let i = 0; i < SUBSCRIBERS; i++) hub.on('all', (message) => tally.take(message))
  const ratio = await compare(
    publisher('hub, all match', tally, SUBSCRIBERS, (message) => hub.publish('all', message)),
    subjectOfAll('Subject, all match'),
  )
  return atMost('G7', '1,000 subscribers, all match, plain handlers', 0.35, ratio)
}

async function allObservables(): Promise<Row> {
  const hub = new Hub<Message>(noFaults)
  const tally = new Tally()
  for (let i = 0; i < SUBSCRIBERS; i++) hub.observe('all').subscribe((message) => tally.take(message))
  const ratio = await compare(
    publisher('hub, Observables', tally, SUBSCRIBERS, (message) => hub.publish('all', message)),
    subjectOfAll('Subject, Observables'),
  )
  return atMost('G7', '1,000 subscribers, all match, Observables', 1.15, ratio)
}

/** Subscribes to a topic of its own, hears one message, and ends, with `live` other subscribers there. */
function churn(live: number, where: (i: number) => string): () => void {
  const hub = new Hub<Message>(noFaults)
  const others = new Tally()
  const own = new Tally()
  for (let i = 0; i < live; i++) hub.on(where(i), (message) => others.take(message))
  return () => {
    for (let i = 0; i < BATCH; i++) {
      const topic = where(live + i)
      const end = hub.on(topic, (message) => own.take(message))
      if (topic !== 'shared') hub.publish(topic, { topic, n: 1 })
      end()
    }
    const heard = where(0) === 'shared' ? 0 : BATCH
    own.check('churn', heard, heard)
    checkDone('churn, live', hub.size, live)
  }
}

async function churnOnOwnTopics(): Promise<Row> {
  const names = Array.from({ length: 10_000 + BATCH }, (_, i) => `run/${i}`)
  const where = (i: number): string => names[i] ?? ''
  const ratio = await compare(churn(10_000, where), churn(10, where))
  return atMost('G7', 'subscribe + unsubscribe, 10,000 live against 10, a topic each', 1.5, ratio)
}

async function churnOnOneTopic(): Promise<Row> {
  const ratio = await compare(
    churn(10_000, () => 'shared'),
    churn(10, () => 'shared'),
  )
  return atMost('G7', 'subscribe + unsubscribe, 10,000 live against 10, one topic', 1.5, ratio)
}

/** G7: fan-out by topic against RxJS, in one process. */
export async function g7(): Promise<Row[]> {
  return [await oneMatch(), await allPlain(), await allObservables(), await churnOnOwnTopics(), await churnOnOneTopic()]
}
