/**
 * Follows what a handler returned until it has ended: a promise, a generator, or a plain value
 * while steps are still open.
 */
import { TroupeError } from '../../mailbox/errors.ts'
import type { Turn } from './turn.ts'

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}

type AnyGenerator = Generator<unknown, unknown, void> | AsyncGenerator<unknown, unknown, void>

function isGenerator(value: unknown): value is AnyGenerator {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { next?: unknown }).next === 'function' &&
    (Symbol.asyncIterator in value || Symbol.iterator in value)
  )
}

/** Ends the turn, now or later, with what its handler returned. */
export function invoke(turn: Turn, result: unknown): void {
  if (isPromise(result)) follow(turn, result)
  else if (isGenerator(result)) follow(turn, pump(turn, result))
  else turn.return(result)
}

function follow(turn: Turn, promise: PromiseLike<unknown>): void {
  promise.then(
    (value) => turn.return(value),
    (error) => turn.throw(error),
  )
}

/** Drives a stream's generator at the pace of its reader. */
async function pump(turn: Turn, generator: AnyGenerator): Promise<unknown> {
  const sink = turn.envelope?.header.reply
  const leave = (): void => void generator.return(undefined)
  turn.signal.addEventListener('abort', leave, { once: true })
  for (;;) {
    const next = await generator.next()
    if (next.done) return ended(turn, next.value)
    const wanted = (await sink?.item?.(next.value)) ?? true
    if (!wanted) turn.abort(new TroupeError('CANCELLED', 'the reader of the stream left'))
  }
}

function ended(turn: Turn, value: unknown): unknown {
  if (turn.signal.aborted) throw turn.signal.reason
  return value
}
