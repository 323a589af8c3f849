import { Observable, type Observer, type Operator, Subscriber } from '../base/rx.ts'
import type { OnFault } from './topic.ts'

type Next<T> = (value: T) => void
type Consumer<T> = Partial<Observer<T>> | Next<T> | null

/** The end of a chain: what the person's own callbacks throw stops here. */
class GuardedSubscriber<T> extends Subscriber<T> {
  readonly #consumer: Partial<Observer<T>>
  readonly #onFault: OnFault

  constructor(consumer: Partial<Observer<T>>, onFault: OnFault) {
    super()
    this.#consumer = consumer
    this.#onFault = onFault
  }

  override next(value: T): void {
    // After `complete` and `unsubscribe` RxJS drops values here too.
    if (this.isStopped) return
    try {
      this.#consumer.next?.(value)
    } catch (error) {
      this.#onFault(error)
    }
  }

  protected override _error(error: unknown): void {
    try {
      // An operator failed and nobody listens for it: still only a fault of this subscription.
      if (this.#consumer.error) this.#consumer.error(error)
      else this.#onFault(error)
    } catch (thrown) {
      this.#onFault(thrown)
    } finally {
      this.unsubscribe()
    }
  }

  protected override _complete(): void {
    try {
      this.#consumer.complete?.()
    } catch (error) {
      this.#onFault(error)
    } finally {
      this.unsubscribe()
    }
  }
}

/**
 * An Observable whose subscribers cannot end the process. RxJS rethrows what a `next` callback throws, and an error that
 * nobody handles, in a timer, where it becomes an `uncaughtException`; here both go to `onFault`, also after `pipe`.
 * Observables that RxJS itself makes from several (`merge`, `combineLatest`) are RxJS's own again.
 */
export class GuardedObservable<T> extends Observable<T> {
  readonly #onFault: OnFault

  /** `connect` is called for each subscriber and returns how to end that subscription. */
  constructor(connect: ((subscriber: Subscriber<T>) => () => void) | undefined, onFault: OnFault) {
    super(connect)
    this.#onFault = onFault
  }

  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new GuardedObservable<R>(undefined, this.#onFault)
    lifted.source = this
    lifted.operator = operator
    return lifted
  }

  override subscribe(
    consumer?: Consumer<T>,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscriber<T> {
    if (consumer instanceof Subscriber) return super.subscribe(consumer) as Subscriber<T>
    const observer = typeof consumer === 'object' && consumer ? consumer : callbacks(consumer, error, complete)
    return super.subscribe(new GuardedSubscriber(observer, this.#onFault)) as Subscriber<T>
  }
}

function callbacks<T>(
  next?: Next<T> | null,
  error?: ((error: unknown) => void) | null,
  complete?: (() => void) | null,
): Partial<Observer<T>> {
  return { ...(next && { next }), ...(error && { error }), ...(complete && { complete }) }
}
