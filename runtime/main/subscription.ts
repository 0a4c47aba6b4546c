/**
 * A topic as an async iterable, for the embedding process: bounded, and honest about what it missed.
 */

import { TroupeError } from '../../mailbox/errors.ts'
import { Ring } from '../../mailbox/ring.ts'
import type { Published } from '../peer/topics.ts'

/** Published messages waiting for a slow reader before the iteration fails. */
export const subscriptionLimit = 4_096

/** Published messages of a topic pattern, one after the other. Iterate once. */
export interface Subscription extends AsyncIterable<Published> {
  /** Ends it; a running iteration ends after what it has. */
  unsubscribe(): void
}

/** @param listen starts listening and returns how to stop */
export function subscribeAsync(
  listen: (receive: (published: Published) => void) => () => void,
  signal?: AbortSignal,
): Subscription {
  const waiting = new Ring<Published>()
  let wake: (() => void) | undefined
  let ended = false
  let overflow = false
  const changed = (): void => {
    wake?.()
    wake = undefined
  }
  const stop = listen((published) => {
    if (waiting.length < subscriptionLimit) waiting.push(published)
    else overflow = true
    changed()
  })
  const unsubscribe = (): void => {
    stop()
    ended = true
    changed()
  }
  if (signal?.aborted) unsubscribe()
  else signal?.addEventListener('abort', unsubscribe, { once: true })
  return {
    unsubscribe,
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          const next = waiting.shift()
          if (next !== undefined) yield next
          else if (overflow) throw tooSlow()
          else if (ended) return
          else await new Promise<void>((resolve) => (wake = resolve))
        }
      } finally {
        unsubscribe()
      }
    },
  }
}

function tooSlow(): TroupeError {
  return new TroupeError(
    'MAILBOX_FULL',
    `the reader of a subscription is ${subscriptionLimit} messages behind; read faster, or read the history from a position`,
  )
}
