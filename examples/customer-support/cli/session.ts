/** One customer's conversation from outside: asked, shown, decided, stopped. */

import { type System, TroupeError } from 'troupe'
import type { AgentReply } from 'troupe/agents'
import { budget } from '../agent/support.ts'
import {
  Desk,
  type Escalation,
  Escalations,
  type Heard,
  Support,
  type Ticket,
  voiceTopic,
} from '../contracts.ts'
import { invalid } from '../settings.ts'
import { AnswerView } from './answer-view.ts'
import type { Action, Verdict } from './arguments.ts'
import { spentTable } from './table.ts'
import { aside, printable, type Terminal } from './terminal.ts'

const patient = { within: Number.POSITIVE_INFINITY }

export class Session {
  readonly #system: System
  readonly #customer: string
  readonly #terminal: Terminal

  constructor(system: System, customer: string, terminal: Terminal) {
    this.#system = system
    this.#customer = customer
    this.#terminal = terminal
  }

  get #desk() {
    return this.#system.ref(Desk, this.#customer)
  }

  /** What an earlier process left open ends first. @returns the questions that were answered by it */
  async resume(): Promise<readonly string[]> {
    const open = await this.#desk.ask.open()
    for (const ticket of open) {
      aside(this.#terminal.stderr, `Going on with ${JSON.stringify(ticket.text)}`)
      await this.#show(ticket)
    }
    return open.map(({ text }) => text)
  }

  /** @returns whether it went well */
  async do(action: Exclude<Action, { do: 'talk' }>): Promise<boolean> {
    switch (action.do) {
      case 'ask':
        return await this.#ask(action.text)
      case 'waiting':
        return await this.#list()
      case 'decide':
        return await this.#decide(action)
      case 'kill':
        return await this.#kill(action.reason)
      case 'revive':
        return await this.#revive()
      default:
        return action satisfies never
    }
  }

  async #ask(text: string): Promise<boolean> {
    return await this.#show({ ticket: await this.#desk.ask.take({ text }), text })
  }

  async #show({ ticket }: Ticket): Promise<boolean> {
    const reply = await this.#heard(this.#customer, async () => {
      const answer = await this.#desk.ask.answer({ ticket }, patient)
      if (answer === null) throw this.#gaveUp()
      return answer.reply
    })
    if (reply.status === 'waiting') this.#sayHowToDecide(reply.approvals.map(({ id }) => id))
    return reply.status !== 'stopped'
  }

  /** Shows what is heard until the reply is there, then the reply and what it took. */
  async #heard(customer: string, asked: () => Promise<AgentReply>): Promise<AgentReply> {
    const { interrupt, stdout } = this.#terminal
    const view = new AnswerView(this.#terminal)
    const unsubscribe = this.#system.subscribe(voiceTopic(customer), ({ payload }) => {
      if (!interrupt.aborted) view.heard(payload as Heard)
    })
    try {
      const reply = await asked()
      view.finish(reply)
      const { spent } = await this.#system.ref(Support, customer).ask.status()
      stdout.write(`\n${spentTable(reply.spent, spent, budget)}\n`)
      return reply
    } finally {
      unsubscribe()
    }
  }

  #sayHowToDecide(ids: readonly string[]): void {
    for (const id of ids) {
      const command = `npm run support -- --approve ${id.slice(0, 8)}`
      aside(this.#terminal.stderr, `  decide: ${command} --by YOU, or --refuse; it can wait`)
    }
  }

  async #list(): Promise<boolean> {
    const all = await this.#system.ref(Escalations, 'all').ask.list()
    const open = all.filter(({ isDecided, approval }) => !isDecided && approval.until > Date.now())
    if (open.length === 0) this.#terminal.stdout.write('Nothing waits for a human.\n')
    for (const { agent, approval } of open) {
      const { id, call, until } = approval
      const line = `${id.slice(0, 8)}  ${agent.key}: ${call.name} ${JSON.stringify(call.input)}, until ${new Date(until).toISOString()}`
      this.#terminal.stdout.write(`${printable(line)}\n`)
    }
    return true
  }

  /** Under an id of its own: decided twice, from two processes, it counts once and both are told the same. */
  async #decide({ approval: wanted, approve, by, note }: Verdict): Promise<boolean> {
    const { agent, approval } = await this.#find(wanted)
    const decision = { approval: approval.id, approve, by, note }
    const options = { ...patient, id: `decide ${approval.id}` }
    const reply = await this.#heard(agent.key, () =>
      this.#system.ref(Desk, agent.key).ask.decide(decision, options),
    )
    return reply.status !== 'stopped'
  }

  async #find(id: string): Promise<Escalation> {
    const all = await this.#system.ref(Escalations, 'all').ask.list()
    const found = all.filter(({ approval }) => approval.id.startsWith(id))
    const [one, another] = found
    if (one !== undefined && another === undefined) return one
    const what = one === undefined ? 'nothing waits under' : 'several wait under'
    throw invalid(`${what} ${JSON.stringify(id)}; npm run support -- --waiting lists them`)
  }

  async #kill(reason: string): Promise<boolean> {
    await this.#system.kill({ type: 'support', key: this.#customer }, { reason })
    this.#terminal.stdout.write(
      `The agent of ${this.#customer} is stopped, also after a restart. --revive lets it live again.\n`,
    )
    return true
  }

  async #revive(): Promise<boolean> {
    const was = await this.#system.revive({ type: 'support', key: this.#customer })
    this.#terminal.stdout.write(
      was ? `The agent of ${this.#customer} lives again.\n` : `It was not stopped.\n`,
    )
    return true
  }

  /** Its message is a dead letter now, with the error of the last attempt. */
  #gaveUp(): TroupeError {
    const to = `desk/${this.#customer}`
    const [letter] = this.#system.deadLetters.list({ to, limit: 1 })
    const cause = letter?.error
    const why = cause instanceof Error ? cause.message : 'see system.deadLetters'
    return new TroupeError('ACTOR_FAILED', `The question could not be answered: ${why}`, { cause })
  }
}
