/**
 * An answer as it comes. What is heard is provisional and shown at once; at the end what is not shown yet
 * is, and where something else was heard the whole answer is said anew.
 */

import type { AgentReply, Json } from 'troupe/agents'
import type { Heard } from '../contracts.ts'
import { problemOf } from './problem.ts'
import { aside, printable, type Terminal } from './terminal.ts'

export class AnswerView {
  readonly #terminal: Pick<Terminal, 'stdout' | 'stderr'>
  /** Since the model began. */
  #shown = ''

  constructor(terminal: Pick<Terminal, 'stdout' | 'stderr'>) {
    this.#terminal = terminal
  }

  heard(heard: Heard): void {
    const { stderr } = this.#terminal
    switch (heard.type) {
      case 'began':
        return this.#endLine()
      case 'text':
        return this.#show(heard.text)
      case 'tool-call':
        this.#endLine()
        return aside(stderr, `  → ${heard.name} ${short(heard.input)}`)
      case 'tool-result':
        return aside(stderr, `  ${heard.failed ? '✗' : '←'} ${heard.name} ${short(heard.output)}`)
      case 'restarted':
        this.#endLine()
        return aside(stderr, '  the model was cut off and begins anew')
      default:
        return heard satisfies never
    }
  }

  /** The end, which is the promise. */
  finish(reply: AgentReply): void {
    if (reply.status === 'done') this.#finishText(reply.output)
    else this.#endLine()
    switch (reply.status) {
      case 'waiting':
        for (const { id, call } of reply.approvals) this.#waits(id, call.name, call.input)
        return
      case 'interrupted':
      case 'steered':
        return aside(this.#terminal.stderr, `  the answer was ${reply.status}`)
      case 'stopped':
        return aside(this.#terminal.stderr, `  ${problemOf(reply)}`)
      default:
        return
    }
  }

  #waits(id: string, name: string, input: Json): void {
    this.#terminal.stdout.write(
      printable(`A colleague has to allow this: ${name} ${short(input)} (approval ${id})\n`),
    )
  }

  #finishText(text: string): void {
    if (!text.startsWith(this.#shown)) {
      this.#endLine()
      aside(this.#terminal.stderr, '  the whole answer:')
    }
    this.#show(text.slice(this.#shown.length))
    this.#endLine()
  }

  #show(text: string): void {
    this.#shown += text
    this.#terminal.stdout.write(printable(text))
  }

  #endLine(): void {
    if (this.#shown !== '') this.#terminal.stdout.write('\n')
    this.#shown = ''
  }
}

const short = (value: Json): string => {
  const text = JSON.stringify(value)
  return text.length > 160 ? `${text.slice(0, 157)}...` : text
}
