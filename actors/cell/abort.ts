/** The abort of one handler: its `ctx.signal`, and whether it ended by obeying it (M6). */
import { TroupeError } from '../../mailbox/errors.ts'

export class Abort {
  readonly #controller = new AbortController()
  /** Stops following the signal that the caller gave. */
  #unlink: (() => void) | undefined

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The caller's own signal, where it lives on this thread, aborts the handler too. */
  link(given: AbortSignal, abort: (reason: TroupeError) => void): void {
    const passOn = (): void =>
      abort(new TroupeError('CANCELLED', 'the caller aborted', { cause: given.reason }))
    if (given.aborted) return passOn()
    given.addEventListener('abort', passOn, { once: true })
    this.#unlink = () => given.removeEventListener('abort', passOn)
  }

  unlink(): void {
    this.#unlink?.()
  }

  /** True when it was the first. */
  fire(reason: unknown): boolean {
    if (this.signal.aborted) return false
    this.#controller.abort(reason)
    return true
  }

  /** True when the handler ended with the abort it was told of: obeying is no failure. */
  isObeyed(error: unknown): boolean {
    const { signal } = this
    if (!signal.aborted) return false
    if (error === signal.reason) return true
    return error instanceof TroupeError
      ? error.code === (signal.reason as { code?: unknown } | undefined)?.code
      : error instanceof Error && error.name === 'AbortError'
  }
}
