/**
 * `--inspect-brk` of commands that run turns again: opens the inspector, waits for a debugger, and has it
 * stop in a handler.
 */
import { close, open, Session, url, waitForDebugger } from 'node:inspector'

type Handler = (...args: never[]) => unknown

export class Breakpoint {
  readonly #isOurs: boolean
  #session: Session | undefined

  /**
   * Returns when a debugger is attached. Node itself says on stderr where it listens.
   * @param port 0 for any
   */
  constructor(port: number) {
    this.#isOurs = url() === undefined
    if (this.#isOurs) open(port, '127.0.0.1')
    waitForDebugger()
  }

  /** The next call of this function stops at its first line; only the first one that is given does. */
  at(handler: Handler): void {
    if (this.#session !== undefined) return
    const session = new Session()
    this.#session = session
    session.connect()
    session.post('Debugger.enable')
    const name = '__troupeHandler'
    // The protocol knows functions by what an expression gives.
    Object.defineProperty(globalThis, name, { value: handler, configurable: true })
    session.post('Runtime.evaluate', { expression: name }, (_error, found) => {
      const { objectId } = found?.result ?? {}
      if (objectId !== undefined) session.post('Debugger.setBreakpointOnFunctionCall', { objectId })
    })
    Reflect.deleteProperty(globalThis, name)
  }

  end(): void {
    this.#session?.disconnect()
    if (this.#isOurs) close()
  }
}
