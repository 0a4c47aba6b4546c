/**
 * From the work of an agent to the reader of its stream: what happens inside steps is handed out by a
 * generator, at the reader's pace.
 *
 * It is written as an object, and not as a generator function, because of its `return`: when the reader
 * leaves, the work ends in its own way (what was said and spent is kept) and its reply ends the turn.
 */
import type { AgentEvent } from '../conversation.ts'

/** Events on their way before the work waits for its reader. */
const window = 64

export class Events<Reply> implements AsyncGenerator<AgentEvent, Reply, void> {
  readonly #work: Promise<Reply>
  readonly #queue: AgentEvent[] = []
  #isOver = false
  #wake: (() => void) | undefined
  #room: (() => void) | undefined

  /** @param work begins at once, and is over when it settles */
  constructor(work: (events: EventSink) => Promise<Reply>) {
    this.#work = work((event) => this.#push(event))
    const over = (): void => {
      this.#isOver = true
      this.#wake?.()
    }
    this.#work.then(over, over)
  }

  /** Waits while the reader is far behind. */
  #push(event: AgentEvent): Promise<void> | undefined {
    if (this.#isOver) return undefined
    this.#queue.push(event)
    this.#wake?.()
    if (this.#queue.length < window) return undefined
    return new Promise((resolve) => {
      this.#room = resolve
    })
  }

  async next(): Promise<IteratorResult<AgentEvent, Reply>> {
    for (;;) {
      const value = this.#queue.shift()
      if (value !== undefined) {
        this.#letGo()
        return { done: false, value }
      }
      if (this.#isOver) return { done: true, value: await this.#work }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Nobody reads any more, and the turn's signal has fired. */
  async return(): Promise<IteratorResult<AgentEvent, Reply>> {
    this.#isOver = true
    this.#queue.length = 0
    this.#letGo()
    return { done: true, value: await this.#work }
  }

  async throw(error: unknown): Promise<never> {
    await this.return()
    throw error
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  #letGo(): void {
    this.#room?.()
    this.#room = undefined
  }
}

/** Takes an event; a promise to wait for when its reader is far behind. */
export type EventSink = (event: AgentEvent) => Promise<void> | undefined
