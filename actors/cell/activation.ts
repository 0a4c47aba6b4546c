/**
 * How a durable actor gets into memory: dependencies, its records folded, what waits for it, its start
 * hook. When that fails it is tried again after a growing pause, for ever; what the store holds waits.
 */
import type { CancelAlarm } from '../../mailbox/clock.ts'
import type { LoadedActor } from '../../persistence/stored.ts'
import type { ActorDefinition } from '../actor.ts'
import { pauseBefore } from './backoff.ts'
import type { Book } from './book.ts'
import type { Phase } from './cell.ts'
import { damagedActor } from './damaged.ts'
import type { Family } from './family.ts'
import { fold } from './fold.ts'
import type { Intake } from './intake.ts'
import { isPromise } from './invoke.ts'
import { needsSomebody } from './needs-somebody.ts'
import type { CellHost, Journal } from './ports.ts'
import { isOlderState, presentBook, presentState, refuseNewerMessages } from './present.ts'
import { activationKilledTwice } from './quarantined.ts'
import { copied } from './recoded.ts'
import type { StepLog } from './step-log.ts'
import type { Turn } from './turn.ts'

/** Milliseconds before the second try, and most before any. */
const pauses = Object.freeze({ first: 200, longest: 30_000 })

/** The actor that comes up. */
interface Owner {
  readonly id: string
  readonly key: string
  readonly definition: ActorDefinition
  readonly host: CellHost
  readonly journal: Journal
  readonly family: Family
  readonly intake: Intake
  readonly stepLog: StepLog
  phase: Phase
  state: unknown
  stateBound: number
  book: Book
  turnNumber: number
  wholeDue: boolean
  bookDue: boolean
  turn: Turn | undefined
  stand(): void
  endIfAlone(): void
  /** Ends in {@link Activation.succeeded} or in {@link Activation.failed}. */
  runStartHook(): void
}

export class Activation {
  readonly #cell: Owner
  /** Tries begun, so that an answer to an earlier one is known as such. */
  #tries = 0
  /** Failed tries in a row. */
  #failures = 0
  /** It killed its thread twice: it is not tried again before it is released (F3). */
  #isBarred = false
  #nextTry: CancelAlarm | undefined
  /** Trying again alone does not help: it is barred, damaged, or of another version. */
  isUpToSomebody = false

  constructor(cell: Owner) {
    this.#cell = cell
  }

  begin(): void {
    const { host, id } = this.#cell
    this.#cell.phase = 'starting'
    this.#tries += 1
    this.#isBarred = host.starts?.activation(id) === false
    if (this.#isBarred) return this.failed(activationKilledTwice(id))
    this.#run(this.#tries, this.#cell.intake.begin()).catch((error) => this.failed(error))
  }

  async #run(tries: number, room: number): Promise<void> {
    const { id, host, journal } = this.#cell
    const deps = host.deps()
    if (isPromise(deps)) await deps
    host.faults?.('actor:before-load')
    const loaded = await journal.load(id, room)
    host.faults?.('actor:loaded')
    if (this.#cell.phase !== 'starting' || tries !== this.#tries) return
    if (loaded.kind === 'damaged') {
      host.emit({ event: 'actor-damaged', actor: id, damage: loaded })
      return this.failed(damagedActor(id, loaded))
    }
    const { definition, intake } = this.#cell
    refuseNewerMessages(definition, id, [...loaded.pending.messages, ...loaded.stash])
    host.starts?.bringsUp(id)
    this.#become(loaded)
    intake.adopt(loaded)
    this.#cell.runStartHook()
  }

  #become(loaded: LoadedActor): void {
    const cell = this.#cell
    const { id, host, definition } = cell
    const { turn, version, state, stateBound, book: old } = fold(loaded)
    const book = presentBook(host, definition, old)
    const isOlder = state !== undefined && isOlderState(definition, version)
    cell.turnNumber = turn
    cell.book = book
    cell.state =
      state === undefined ? this.#firstState() : presentState(id, definition, state.value, version)
    cell.stateBound = stateBound
    cell.bookDue = isOlder || book !== old
    cell.wholeDue = state === undefined || cell.bookDue
    cell.family.become(book.parent, Object.keys(book.children), Object.keys(book.watching))
    for (const step of loaded.steps) cell.stepLog.recall(step)
  }

  #firstState(): unknown {
    const { definition, key } = this.#cell
    const { state } = definition.behavior
    // A copy: it may be frozen, or one object for all keys, and this actor's turns change it.
    return state === undefined ? {} : copied(state(key))
  }

  /** The start hook has ended. */
  succeeded(): void {
    const { host, id } = this.#cell
    this.#failures = 0
    host.starts?.activated(id)
    this.#cell.phase = 'ready'
    this.#greetFamily()
  }

  /**
   * Bonds live in memory on the other side: after an activation they are tied again. Durable children
   * know their parent from their own book.
   */
  #greetFamily(): void {
    const { family, host, id } = this.#cell
    for (const child of family.children) {
      const type = child.slice(0, child.indexOf('/'))
      if (host.definition(type)?.behavior.durable === true) continue
      host.signal(child, { kind: 'adopt', parent: id })
    }
    for (const watched of family.watching) host.signal(watched, { kind: 'watch', by: id })
  }

  /** Askers learn why; what is in the store waits; the next try comes later. */
  failed(error: unknown): void {
    const cell = this.#cell
    const { host, id } = cell
    host.starts?.activated(id)
    if (cell.phase === 'gone' || cell.phase === 'stopping') return cell.endIfAlone()
    cell.turn = undefined
    cell.phase = 'backoff'
    this.isUpToSomebody = needsSomebody(error)
    this.#failures += 1
    const restarts = this.#failures
    const backoff = pauseBefore(restarts, pauses.first, pauses.longest, host.jitter())
    host.emit({ event: 'actor-restarted', actor: id, error, restarts, backoff })
    cell.intake.refuse(error)
    this.#nextTry?.()
    this.#nextTry = host.clock.alarm(host.clock.mono() + backoff, () => this.#again())
    host.touched(cell)
  }

  /** It may have been released from its quarantine. */
  woken(): void {
    if (this.#isBarred) this.#again()
  }

  #again(): void {
    if (this.#cell.phase !== 'backoff') return
    this.#cell.phase = 'cold'
    this.#cell.stand()
  }

  close(): void {
    this.#nextTry?.()
    this.#cell.host.starts?.activated(this.#cell.id)
  }
}
