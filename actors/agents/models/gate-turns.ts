/**
 * The queue p-queue takes a gate's calls from: who is next is `line.ts`, whether yet `minute.ts` and the
 * pause a service asked for. Empty to p-queue while nobody may go yet; then an alarm says when to look.
 */
import type { CancelAlarm, Clock } from '../../../mailbox/clock.ts'
import type { UserLane } from '../../../mailbox/lane.ts'
import { type GateRequest, waitingLane } from './gate.ts'
import { type InLine, Line } from './line.ts'
import type { Minute, Start } from './minute.ts'

type Run = () => Promise<unknown>

/** One call that waits, or waited. */
export class Turn implements InLine {
  readonly lane: UserLane
  readonly tenant: string
  readonly tokens: number
  run: Run | undefined
  id = ''
  start: Start | undefined

  constructor({ lane, tenant = '', tokens = 0 }: GateRequest) {
    this.lane = waitingLane(lane)
    this.tenant = tenant
    this.tokens = tokens
  }

  get cost(): number {
    return Math.max(1, this.tokens)
  }
}

export interface TurnOptions {
  readonly id?: string
  readonly turn: Turn
}

export class Turns {
  readonly #clock: Clock
  readonly #minute: Minute
  readonly #look: () => void
  readonly #line = new Line<Turn>()
  readonly #ids = new Map<string, Turn>()
  #closedUntil = 0
  #alarm: { readonly at: number; readonly cancel: CancelAlarm } | undefined

  constructor(clock: Clock, minute: Minute, look: () => void) {
    this.#clock = clock
    this.#minute = minute
    this.#look = look
  }

  get waiting(): number {
    return this.#line.size
  }

  get tokens(): number {
    return this.#minute.tokensAt(this.#clock.mono())
  }

  /** For p-queue: whether there is one to take. */
  get size(): number {
    const next = this.#line.peek()
    const now = this.#clock.mono()
    const at = next === undefined ? now : Math.max(this.#opens(now), this.#fits(now, next))
    this.#lookAt(at > now ? at : undefined)
    return next !== undefined && at <= now ? 1 : 0
  }

  enqueue(run: Run, options: Partial<TurnOptions> = {}): void {
    const { turn, id } = options as Required<TurnOptions>
    turn.run = run
    turn.id = id
    this.#ids.set(id, turn)
    this.#line.add(turn)
  }

  dequeue(): Run | undefined {
    const turn = this.#line.take()
    if (turn === undefined) return undefined
    this.#ids.delete(turn.id)
    turn.start = this.#minute.start(this.#clock.mono(), turn.tokens)
    return turn.run
  }

  remove(id: string): void {
    const turn = this.#ids.get(id)
    this.#ids.delete(id)
    if (turn !== undefined) this.#line.remove(turn)
  }

  /** p-queue asks for these two only where nobody here does. */
  filter(): Run[] {
    return []
  }

  setPriority(): void {}

  settled(start: Start, tokens: number | undefined, pause: number): void {
    if (tokens !== undefined) this.#minute.settle(start, tokens)
    this.#closedUntil = Math.max(this.#closedUntil, this.#clock.mono() + pause)
  }

  #opens(now: number): number {
    return Math.max(now, this.#closedUntil)
  }

  #fits(now: number, { tokens }: Turn): number {
    return this.#minute.fits(now, tokens)
  }

  #lookAt(at: number | undefined): void {
    if (this.#alarm?.at === at) return
    this.#alarm?.cancel()
    this.#alarm = undefined
    if (at === undefined) return
    const cancel = this.#clock.alarm(at, () => {
      this.#alarm = undefined
      this.#look()
    })
    this.#alarm = { at, cancel }
  }
}
