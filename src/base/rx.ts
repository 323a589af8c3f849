/**
 * The classes of rxjs that Tendon makes Observables with, from their own files: `rxjs` itself loads two hundred more,
 * which took more than half of the time that `import 'tendon'` took. They are the very classes that `rxjs` exports.
 */

export type { Observer, Operator } from 'rxjs'
export { Observable } from 'rxjs/internal/Observable'
export { Subscriber } from 'rxjs/internal/Subscriber'
