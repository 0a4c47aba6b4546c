/**
 * Follows what a handler returned until it has ended: a promise, a generator, or a plain value
 * while steps are still open.
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { recoded } from './recoded.ts'
import { itemOf } from './reply-names.ts'
import { StepPromise } from './step-promise.ts'

/** Whether to wait for it. What does not let itself be looked at is a value, to be refused as one (T5). */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && has(value, 'then')
}

type AnyGenerator = Generator<unknown, unknown, void> | AsyncGenerator<unknown, unknown, void>

function isGenerator(value: unknown): value is AnyGenerator {
  if (typeof value !== 'object' || value === null || !has(value, 'next')) return false
  return has(value, Symbol.asyncIterator) || has(value, Symbol.iterator)
}

/** A proxy or an accessor may throw when it is asked. */
function has(value: object, method: PropertyKey): boolean {
  try {
    return typeof (value as Record<PropertyKey, unknown>)[method] === 'function'
  } catch {
    return false
  }
}

/** A handler that is out: a turn's or a read's. */
interface Running {
  readonly envelope: Envelope | undefined
  readonly signal: AbortSignal
  readonly host: { readonly development: boolean }
  abort(reason: unknown): void
}

/** A turn that ends with its handler. */
interface Ending extends Running {
  return(value: unknown): void
  throw(error: unknown): void
}

/** What a handler's result will be, or undefined when it is the result itself. */
export function eventual(running: Running, result: unknown): PromiseLike<unknown> | undefined {
  if (isPromise(result)) return isOwn(result) ? result : adopted(result)
  return isGenerator(result) ? pump(running, result) : undefined
}

/** One whose `then` is known to call back, once and later. */
function isOwn(result: PromiseLike<unknown>): boolean {
  try {
    return result.then === Promise.prototype.then || result instanceof StepPromise
  } catch {
    return false
  }
}

/** The engine takes a foreign one over, and whatever it throws. */
function adopted(result: PromiseLike<unknown>): Promise<unknown> {
  return new Promise((resolve) => resolve(result))
}

/** Ends the turn, now or later, with what its handler returned. */
export function invoke(turn: Ending, result: unknown): void {
  const later = eventual(turn, result)
  if (later === undefined) return turn.return(result)
  later.then(
    (value) => turn.return(value),
    (error) => turn.throw(error),
  )
}

/**
 * Drives a stream's generator at the pace of its reader. An abort is seen between items and while
 * the reader has no room; inside an item the handler's own use of `ctx.signal` decides.
 */
async function pump(running: Running, generator: AnyGenerator): Promise<unknown> {
  const sink = running.envelope?.header.reply
  const { signal } = running
  for (;;) {
    const next = await generator.next()
    if (next.done) return next.value
    let offered: boolean | Promise<boolean>
    try {
      const item = running.host.development
        ? recoded(next.value, running.envelope && itemOf(running.envelope))
        : next.value
      offered = signal.aborted ? false : (sink?.item?.(item) ?? true)
    } catch (unsendable) {
      await generator.return(undefined)
      throw unsendable
    }
    const wanted = typeof offered === 'boolean' ? offered : await unlessAborted(offered, signal)
    if (wanted && !signal.aborted) continue
    if (!signal.aborted) {
      running.abort(new TroupeError('CANCELLED', 'the reader of the stream left'))
    }
    // A plain generator has nothing more to say. One with a `return` of its own may end the turn well.
    const { value } = await generator.return(undefined)
    if (value !== undefined) return value
    throw signal.reason
  }
}

function unlessAborted(offered: Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const leave = (): void => resolve(false)
    signal.addEventListener('abort', leave, { once: true })
    offered.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
