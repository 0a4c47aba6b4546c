/**
 * Reads all of a store file and folds every actor: what a backup writes down and what a
 * verification compares with it.
 *
 * Each actor is folded twice: as an activation does, from its newest snapshot, and the long way, from
 * the oldest kept snapshot or its first record. Both must agree, so a snapshot that is wrong although
 * its checksum is right does not pass. What cannot be read is told and passed over.
 */
import { setImmediate } from 'node:timers/promises'
import type { ActorRow } from '../actor-table.ts'
import type { Chain } from '../chain-walk.ts'
import { crc32 } from '../crc.ts'
import { damaged, isDamage, partsOf } from '../decode.ts'
import { At } from '../directory.ts'
import { foldChain, hasMeta, versionOf } from '../fold.ts'
import type { HistoryReader } from '../history-reader.ts'
import type { Ledger } from '../ledger.ts'
import { type Place, placesIn } from '../places.ts'
import { RecordFlag } from '../record.ts'
import { recover } from '../recovery.ts'
import type { SqliteReadMedium } from '../sqlite/read-medium.ts'
import { openSqliteReader } from '../sqlite/sqlite-store.ts'
import type { Damage, StoredSegment } from '../stored.ts'
import type { BackupCounts } from './manifest.ts'
import { hashState } from './state-hash.ts'
import type { ActorState } from './state-list.ts'

/** How far a long piece of work is. */
export interface BackupProgress {
  readonly phase: 'copy' | 'checksum' | 'records' | 'states' | 'cut'
  readonly done: number
  readonly total: number
}

export interface ExamineOptions {
  /** The runtime's book of an actor that has none. Default: undefined. */
  readonly emptyMeta?: (() => unknown) | undefined
  readonly progress?: ((progress: BackupProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
  /** Gets every actor, by number. */
  readonly state?: ((state: ActorState) => void) | undefined
}

export interface Examined {
  readonly storeId: string
  readonly position: number
  /** Wall time in ms of the last commit, 0 for none. */
  readonly lastCommit: number
  readonly counts: BackupCounts
  /** What cannot be read or folded, for people; the first 100, and how many more. */
  readonly problems: readonly string[]
}

/** Most problems told one by one. */
export const mostProblems = 100
const actorsPerBatch = 256

/** @throws what opening throws; what is wrong inside the file is in `problems` */
export async function examine(path: string, options: ExamineOptions = {}): Promise<Examined> {
  const { history, medium, close } = openSqliteReader(path)
  try {
    medium.hold()
    return await new Examination(history, medium, options).run()
  } finally {
    close()
  }
}

class Examination {
  readonly #history: HistoryReader
  readonly #medium: SqliteReadMedium
  readonly #options: ExamineOptions
  readonly #emptyMeta: () => unknown
  readonly #problems: string[] = []
  #more = 0
  #records = 0
  #actors = 0
  #snapshots = 0
  #lastCommit = 0

  constructor(history: HistoryReader, medium: SqliteReadMedium, options: ExamineOptions) {
    this.#history = history
    this.#medium = medium
    this.#options = options
    this.#emptyMeta = options.emptyMeta ?? (() => undefined)
  }

  async run(): Promise<Examined> {
    const { position, storeId } = this.#medium
    for (const fault of this.#medium.faults()) this.#problem(`SQLite says: ${fault}`)
    await this.#readRecords(position)
    const ledger = this.#attempt(() => recover(this.#medium, (damage) => this.#damage(damage)))
    if (ledger !== undefined) await this.#foldActors(ledger)
    this.#checkSnapshots()
    if (this.#more > 0) this.#problems.push(`and ${this.#more} more`)
    return {
      storeId,
      position,
      lastCommit: this.#lastCommit,
      counts: this.#counts(ledger),
      problems: this.#problems,
    }
  }

  #counts(ledger: Ledger | undefined): BackupCounts {
    return {
      records: this.#records,
      actors: this.#actors,
      snapshots: this.#snapshots,
      pending: ledger?.pending.size ?? 0,
      timers: ledger?.timers.size ?? 0,
      steps: ledger === undefined ? 0 : [...ledger.steps.all()].length,
    }
  }

  // ── records ───────────────────────────────────────────────────────────────────────────────────

  async #readRecords(end: number): Promise<void> {
    let next = 1
    for (const segment of this.#medium.segments(1, end)) {
      if (isDamage(segment)) this.#damage(segment)
      else next = this.#readSegment(segment, next)
      await this.#turn('records', Math.min(next - 1, end), end)
    }
  }

  #readSegment(segment: StoredSegment, expected: number): number {
    if (segment.position > expected && segment.position > this.#medium.floor) {
      this.#problem(`records ${expected} to ${segment.position - 1} are not there`)
    }
    this.#lastCommit = Math.max(this.#lastCommit, segment.time)
    for (const place of placesIn(segment)) {
      this.#records += 1
      if (!isSound(place)) {
        this.#damage(damaged(place, this.#medium, 'it fails its checksum'))
      }
    }
    return segment.position + segment.count
  }

  // ── states ────────────────────────────────────────────────────────────────────────────────────

  async #foldActors(ledger: Ledger): Promise<void> {
    const total = this.#medium.actors(0, Number.MAX_SAFE_INTEGER).length
    let after = 0
    for (;;) {
      const batch = this.#medium.actors(after, actorsPerBatch)
      const last = batch.at(-1)
      if (last === undefined) return
      this.#foldBatch(ledger, batch)
      after = last.no
      await this.#turn('states', this.#actors, total)
    }
  }

  #foldBatch(ledger: Ledger, batch: readonly { no: number; actor: string }[]): void {
    const rows = batch.map(({ no, actor }) => this.#row(ledger, no, actor))
    const ends = rows.filter((row) => row !== undefined)
    const short = this.#attempt(() => this.#history.chains(ends)) ?? new Map()
    const long = this.#attempt(() => this.#history.chains(ends, 'oldest')) ?? new Map()
    batch.forEach(({ no, actor }, i) => {
      this.#actors += 1
      this.#snapshots += this.#medium.snapshots(no).length
      const row = rows[i]
      const hash = row && this.#hash(actor, short.get(no), long.get(no))
      this.#options.state?.({
        no,
        actor,
        position: row?.head ?? 0,
        turn: row?.turn ?? 0,
        version: versionIn(short.get(no)),
        hash: hash ?? '-',
      })
    })
  }

  #row(ledger: Ledger, no: number, actor: string): ActorRow | undefined {
    const { actors } = ledger
    const row = actors.find(no)
    if (row !== 0) return actors.get(row)
    return this.#attempt(() => this.#medium.row(no), actor)
  }

  #hash(
    actor: string,
    short: Chain | Damage | undefined,
    long: Chain | Damage | undefined,
  ): string | undefined {
    const quick = this.#hashOf(actor, short)
    const slow = this.#hashOf(actor, long)
    if (quick === undefined || slow === undefined) return undefined
    if (quick === slow) return quick
    this.#problem(`${actor}: its newest snapshot is not what its records fold to`)
    return undefined
  }

  #hashOf(actor: string, chain: Chain | Damage | undefined): string | undefined {
    if (chain === undefined) return undefined
    if (isDamage(chain)) {
      this.#problem(`${actor} cannot be folded: ${chain.detail}`)
      return undefined
    }
    return this.#attempt(() => {
      const { state, meta } = foldChain(chain, this.#emptyMeta)
      // The empty book is the program's, not the store's.
      return hashState({ state, meta: hasMeta(chain) ? meta : undefined })
    }, actor)
  }

  /** A damaged snapshot is passed over by recovery, and still something to know of. */
  #checkSnapshots(): void {
    const bad = (this.#attempt(() => this.#medium.snapshotRows) ?? 0) - this.#snapshots
    if (bad > 0) this.#problem(`${bad} snapshots fail their checksum`)
  }

  // ── the rest ──────────────────────────────────────────────────────────────────────────────────

  #attempt<T>(work: () => T, actor = ''): T | undefined {
    try {
      return work()
    } catch (error) {
      this.#problem(`${actor === '' ? '' : `${actor}: `}${(error as Error).message}`)
      return undefined
    }
  }

  #damage({ actor, detail }: Damage): void {
    this.#problem(actor === undefined || detail.includes(actor) ? detail : `${actor}: ${detail}`)
  }

  #problem(text: string): void {
    if (this.#problems.includes(text)) return
    if (this.#problems.length < mostProblems) this.#problems.push(text)
    else this.#more += 1
  }

  async #turn(phase: BackupProgress['phase'], done: number, total: number): Promise<void> {
    this.#options.signal?.throwIfAborted()
    this.#options.progress?.({ phase, done, total })
    await setImmediate()
  }
}

/** True when every byte that a record points to is as it was written. */
function isSound(place: Place): boolean {
  if (!isSliceSound(place, place.at)) return false
  for (const part of partsOf(place)) if (!isSliceSound(place, part)) return false
  return true
}

/** Offset, length and checksum lie at the same place in every kind of entry. */
function isSliceSound({ segment, view }: Place, entry: number): boolean {
  if (view.getUint16(entry + At.flags, true) & RecordFlag.dead) return true
  const start = view.getUint32(entry + At.offset, true)
  const end = start + view.getUint32(entry + At.length, true)
  if (end > segment.body.length) return false
  return crc32(segment.body, start, end) === view.getUint32(entry + At.crc, true)
}

function versionIn(chain: Chain | Damage | undefined): number {
  return chain === undefined || isDamage(chain) ? 0 : versionOf(chain)
}
