/**
 * The calls out of one turn that have not settled: effects, asks, deliveries and streams. The turn ends
 * after the last of them (T6), and fails with one that failed and that nobody waited for.
 */
import type { ReplyStream } from '../ref.ts'
import type { Ask } from './ask-table.ts'
import { OpenAsks, openAsksCapacity, tooManyAsks } from './open-asks.ts'
import type { CellHost } from './ports.ts'
import type { Probe } from './signal.ts'
import { StepPromise } from './step-promise.ts'
import type { OpenStream } from './stream-items.ts'

/** The turn that makes them. */
interface Caller {
  readonly cell: { readonly id: string }
  readonly host: CellHost
  readonly startedMono: number
  /** One of them settled; the turn may now be over. */
  callSettled(): void
}

interface FailedStep {
  readonly step: StepPromise<unknown>
  readonly error: unknown
}

export class OpenCalls {
  /** How many there are. */
  size = 0
  /** How many of them are asks, deliveries and streams (M5). */
  #waits = 0
  readonly #turn: Caller
  readonly #streams = new Set<OpenStream>()
  readonly #failed: FailedStep[] = []
  #asks: OpenAsks | undefined

  constructor(turn: Caller) {
    this.#turn = turn
  }

  /** A call of the turn's own. */
  step<T>(run: () => Promise<T>): Promise<T> {
    return this.#follow(run, 0)
  }

  /** One that waits for another actor: of those there are only so many at once (M5). */
  wait<T>(what: string, run: () => Promise<T>): Promise<T> {
    if (this.#isFull) return this.step(() => Promise.reject(this.#tooMany(what)))
    this.#waits += 1
    return this.#follow(run, 1)
  }

  /** A stream ends the turn's wait for it with its last item, unless its handler leaves it unread. */
  stream(what: string, open: () => OpenStream): ReplyStream<unknown, unknown> {
    if (this.#isFull) throw this.#tooMany(what)
    const stream = open()
    this.#streams.add(stream)
    this.size += 1
    this.#waits += 1
    this.follow(stream.ask)
    void stream.over.then(() => {
      this.#streams.delete(stream)
      this.#over(1)
    })
    return stream
  }

  /** Waits for an ask: an abort of the turn ends it, and probes for cycles go along it (T4). */
  follow(ask: Ask): void {
    this.#asks ??= new OpenAsks(this.#turn)
    this.#asks.follow(ask)
  }

  probe(probe: Probe): void {
    this.#asks?.probe(probe)
  }

  /** Fails all asks; `takeBack` when nobody will ask for the same again. */
  failAsks(reason: unknown, takeBack: boolean): void {
    this.#asks?.fail(reason, takeBack)
  }

  /** Nobody will read these streams any more; waiting for their end would hold the actor for ever. */
  leaveUnread(): void {
    for (const stream of this.#streams) if (!stream.isRead) stream.cancel()
  }

  /** A call that failed and that nobody waited for. */
  get lost(): { readonly error: unknown } | undefined {
    return this.#failed.find(({ step }) => !step.observed)
  }

  #follow<T>(run: () => Promise<T>, waits: 0 | 1): Promise<T> {
    this.size += 1
    const step = new StepPromise<T>((resolve) => resolve(run()))
    step.whenSettled(
      () => this.#over(waits),
      (error) => {
        this.#failed.push({ step, error })
        this.#over(waits)
      },
    )
    return step
  }

  #over(waits: 0 | 1): void {
    this.size -= 1
    this.#waits -= waits
    this.#turn.callSettled()
  }

  get #isFull(): boolean {
    return this.#waits >= openAsksCapacity
  }

  #tooMany(what: string): Error {
    return tooManyAsks(this.#turn.cell.id, what)
  }
}
