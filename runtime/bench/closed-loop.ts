/**
 * The closed loop: so many senders, each with one message open. It finds out how much a system can do; its
 * latencies are those of a system that is never asked more than it answers.
 */
import type { Clock } from '../../mailbox/clock.ts'
import type { Job } from './arrivals.ts'
import { called, type LoopSink } from './open-loop.ts'

export interface ClosedLoop {
  readonly clock: Clock
  /** Undefined when there is no more. */
  readonly next: () => Job | undefined
  readonly sink: LoopSink
  readonly concurrency: number
  /** Ms after which no more is sent. */
  readonly duration: number
}

/** Resolves when all senders have ended. */
export async function runClosedLoop(loop: ClosedLoop): Promise<void> {
  const start = loop.clock.mono()
  let count = 0
  const sender = async (): Promise<void> => {
    for (;;) {
      const due = loop.clock.mono() - start
      const job = due < loop.duration ? loop.next() : undefined
      if (job === undefined) return
      const n = count
      count += 1
      loop.sink.sent(job, due, due)
      const error = await called(() => job.send(n)).then(
        () => undefined,
        (reason: unknown) => reason ?? new Error('rejected with nothing'),
      )
      loop.sink.settled(job, due, loop.clock.mono() - start, error)
    }
  }
  await Promise.all(Array.from({ length: loop.concurrency }, sender))
}
