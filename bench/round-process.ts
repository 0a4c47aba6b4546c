/** Rounds of another case in a process of its own, which may lack a part of the runtime. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Contestant } from './bench-case.ts'
import { withoutVariable } from './without.ts'

const child = fileURLToPath(new URL('./round-child.ts', import.meta.url))
const hook = new URL('./without.ts', import.meta.url).href

/** CPU time in ms of all threads for a round of `name`'s own contestant. */
export class RoundProcess implements Contestant {
  readonly name: string
  readonly bound?: string
  readonly #running: ChildProcess

  /** @param without a part as `without.ts` names it */
  constructor(of: string, quick: boolean, without?: string, bound?: string) {
    this.name = without === undefined ? of : `${of}, without ${without}`
    if (bound !== undefined) this.bound = bound
    this.#running = fork(child, [of, ...(quick ? ['quick'] : [])], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning', '--import', hook],
      env: { ...process.env, [withoutVariable]: without ?? '' },
    })
  }

  round(): Promise<number> {
    return new Promise((resolve, reject) => {
      const died = (code: number | null): void => reject(new Error(`${this.name} ended: ${code}`))
      this.#running.once('exit', died)
      this.#running.once('message', (figure) => {
        this.#running.off('exit', died)
        resolve(figure as number)
      })
      this.#running.send('round')
    })
  }

  close(): void {
    this.#running.disconnect()
  }
}
