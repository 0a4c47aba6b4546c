/** A function under the test's hand: its calls wait until the test says what comes of them. */
import assert from 'node:assert/strict'

export interface Call<Input, Result> {
  readonly input: Input
  readonly signal: AbortSignal
  answer(result: Result): void
  fail(error: unknown): void
}

/** Lets every promise that is due settle. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export class Origin<Input, Result> {
  readonly calls: Call<Input, Result>[] = []

  readonly call = (input: Input, { signal }: { readonly signal: AbortSignal }): Promise<Result> => {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    this.calls.push({ input, signal, answer: resolve, fail: reject })
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    return promise
  }

  /** The latest call whose input, a text, begins with these words. */
  of(words: string): Call<Input, Result> {
    const found = this.calls.findLast(({ input }) => `${String(input)} `.startsWith(`${words} `))
    return found ?? assert.fail(`nobody called for ${words}`)
  }

  /** The n-th call, from 0; it has to be there. */
  at(n: number): Call<Input, Result> {
    return this.calls[n] ?? assert.fail(`only ${this.calls.length} calls were made`)
  }
}
