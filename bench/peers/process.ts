/** A peer's process: asked for a round by a line with its size, answering with a line of JSON. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { PeerContestant } from '../bench-case.ts'

export interface PeerCommand {
  readonly name: string
  readonly version: string
  readonly program: string
  readonly args: readonly string[]
  /** Messages, turns or actors of a round. */
  readonly size: number
  /** Makes what the program needs; before its first round. */
  readonly prepare?: () => void
  readonly release?: () => void
}

export class PeerProcess implements PeerContestant {
  readonly name: string
  readonly version: string
  readonly #command: PeerCommand
  #child: ChildProcessByStdio<Writable, Readable, Readable> | undefined
  #answers: AsyncIterator<string> | undefined
  #errors = ''

  constructor(command: PeerCommand) {
    this.name = command.name
    this.version = command.version
    this.#command = command
  }

  async round(): Promise<number> {
    const child = this.#child ?? this.#start()
    child.stdin.write(`${this.#command.size}\n`)
    const answer = await this.#answers?.next()
    if (answer === undefined || answer.done) throw new Error(`${this.name} ended: ${this.#errors}`)
    const { figure } = JSON.parse(answer.value) as { readonly figure?: unknown }
    if (typeof figure === 'number' && Number.isFinite(figure) && figure > 0) return figure
    throw new Error(`${this.name} answered ${answer.value}`)
  }

  close(): void {
    this.#child?.stdin.end()
    this.#child?.kill()
    this.#command.release?.()
  }

  #start(): ChildProcessByStdio<Writable, Readable, Readable> {
    const { program, args, prepare } = this.#command
    prepare?.()
    // Its threads are not watched by our meters.
    const { NODE_OPTIONS: _, ...env } = process.env
    const child = spawn(program, [...args], { env, stdio: ['pipe', 'pipe', 'pipe'] })
    child.stderr.on('data', (text) => {
      this.#errors = `${this.#errors}${String(text)}`.slice(-4_000)
    })
    child.stdin.on('error', () => undefined)
    this.#child = child
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    return child
  }
}
