/**
 * Folds snapshots and checkpoints beside the hosts and beside the store (D3, D7): it has a reader
 * and a ledger of its own, and hands the store finished, bounded pieces. Which thread it runs on is
 * the runtime's business, and when; it never waits for a host and no host waits for it.
 *
 * Invariant: its ledger is that of the position it last caught up to, so a checkpoint is the ledger
 * at one position, however far the store has gone on meanwhile.
 */

import { TroupeError } from '../mailbox/errors.ts'
import type { Faults } from '../mailbox/fault-points.ts'
import type { ActorRow } from './actor-table.ts'
import { writeArchive } from './archive-file.ts'
import type { Chain } from './chain-walk.ts'
import { encodeCheckpoint } from './checkpoint.ts'
import { encodeValue } from './codec.ts'
import { isDamage } from './decode.ts'
import { type FoldedState, foldChain, hasMeta } from './fold.ts'
import { HistoryReader } from './history-reader.ts'
import type { Ledger } from './ledger.ts'
import type { ReadMedium } from './medium.ts'
import { catchUp, recover } from './recovery.ts'
import { planRetention, type RetentionPolicy } from './retention.ts'
import type { CheckpointChunk, WrittenSnapshot } from './store.ts'
import type { Damage, Snapshot, StoredSegment } from './stored.ts'

/** Where the pieces go: the store, or a message to its thread. */
export interface ArchiveSink {
  writeSnapshots(all: readonly WrittenSnapshot[]): void | Promise<void>
  writeCheckpoint(chunk: CheckpointChunk): void | Promise<void>
  dropSegments(positions: readonly number[], floor: number): void | Promise<void>
}

export interface ArchivistOptions {
  /** The runtime's book of an actor that has none. Default: undefined. */
  readonly emptyMeta?: () => unknown
  /** Most entries of 48 bytes in one checkpoint chunk: commits wait for one at a time. Default 1,024. */
  readonly chunkEntries?: number
  /** Told of actors whose records cannot be folded; they keep their older snapshots. */
  readonly onDamage?: (damage: Damage) => void
  readonly faults?: Faults | undefined
}

/** Segments deleted, and archived, at once: commits wait for one such piece at a time. */
const dropSize = 64
/**
 * Actors folded in one sweep over the history, and bytes of their records: their changes are in memory
 * together. Each sweep reads what they wrote among, so that few large ones cost least.
 */
const batchSize = 1_024
const batchBytes = 32 * 1024 * 1024
/** Snapshots, and bytes of them, that are written at once: commits wait for one such piece at a time. */
const writtenTogether = 64
const bytesWrittenTogether = 256 * 1024

/** Whose snapshot it is, and how many bytes it has. */
interface Folded {
  readonly no: number
  readonly size: number
}

export class Archivist {
  readonly #medium: ReadMedium
  readonly #reader: HistoryReader
  readonly #sink: ArchiveSink
  readonly #emptyMeta: () => unknown
  readonly #chunkEntries: number
  readonly #onDamage: (damage: Damage) => void
  readonly #faults: Faults | undefined
  readonly #ledger: Ledger

  /** @param medium a reader of its own, as `openSqliteReader` gives */
  constructor(medium: ReadMedium, sink: ArchiveSink, options: ArchivistOptions = {}) {
    this.#medium = medium
    this.#reader = new HistoryReader(medium)
    this.#sink = sink
    this.#emptyMeta = options.emptyMeta ?? (() => undefined)
    this.#chunkEntries = options.chunkEntries ?? 1024
    this.#onDamage = options.onDamage ?? (() => {})
    this.#faults = options.faults
    this.#ledger = recover(medium, this.#onDamage)
  }

  /** The position its ledger stands at. */
  get position(): number {
    return this.#ledger.position
  }

  /** Actors whose snapshot is due, as of the last catch-up. */
  get due(): number {
    return this.#ledger.due.size
  }

  /** Folds the directories written since. Returns the position reached. */
  catchUp(): number {
    catchUp(this.#ledger, this.#medium, this.#onDamage)
    return this.#ledger.position
  }

  /**
   * Writes snapshots that are due, at most `limit`. Returns how many.
   * An actor that cannot be folded is reported once and left until it has new records.
   */
  async writeSnapshots(limit = Number.POSITIVE_INFINITY): Promise<number> {
    let written = 0
    while (written < limit && this.#ledger.due.size > 0) {
      const batch = this.#takeDue(Math.min(batchSize, limit - written))
      const chains = this.#reader.chains(batch)
      written += await this.#snapshots(chains)
    }
    return written
  }

  /** The next actors to fold, one at least. */
  #takeDue(limit: number): ActorRow[] {
    const { actors, due } = this.#ledger
    const batch: ActorRow[] = []
    let bytes = 0
    for (const no of due) {
      const row = actors.get(actors.open(no))
      bytes += row.bytes + row.snapshotSize
      if (batch.length === limit || (bytes > batchBytes && batch.length > 0)) break
      batch.push(row)
      due.delete(no)
    }
    return batch
  }

  /** Writes a checkpoint of the position last caught up to, chunk by chunk. Returns that position. */
  async writeCheckpoint(): Promise<number> {
    const { position } = this.#ledger
    const rows = [...this.#ledger.dirtyRows()]
    const chunks = encodeCheckpoint(this.#ledger, this.#chunkEntries)
    let part = 0
    let chunk = chunks.next()
    do {
      const bytes = chunk.done ? new Uint8Array(0) : chunk.value
      chunk = chunks.next()
      this.#faults?.('checkpoint:encoded')
      await this.#sink.writeCheckpoint({ position, part, last: chunk.done === true, bytes })
      part += 1
    } while (!chunk.done)
    for (const { no, head } of rows) this.#ledger.stored(no, head)
    return position
  }

  /**
   * Takes out of the store what the policy gives up and nothing needs, bounded pieces at a time; each
   * is in the archive before it is deleted. Returns how many segments went.
   * @param now wall time in ms
   */
  async retire(policy: RetentionPolicy, now: number, archive?: string): Promise<number> {
    const { floor, segments } = planRetention(this.#ledger, this.#medium, this.#reader, policy, now)
    for (let at = 0; at < segments.length; at += dropSize) {
      const positions = segments.slice(at, at + dropSize)
      if (archive !== undefined) this.#archive(archive, positions)
      await this.#sink.dropSegments(positions, floor)
    }
    return segments.length
  }

  #archive(folder: string, positions: readonly number[]): void {
    const whole = positions.map((position) => this.#medium.segmentOf(position))
    const found = whole.filter((one): one is StoredSegment => one !== undefined && !isDamage(one))
    // Nothing is deleted that is not in the archive.
    if (found.length < positions.length) {
      throw new TroupeError('STORE_CORRUPT', `segments to archive cannot be read: ${positions}`)
    }
    writeArchive(folder, this.#medium.storeId, found, this.#medium, this.#faults)
  }

  /** Folds and writes. Returns how many there were. */
  async #snapshots(chains: ReadonlyMap<number, Chain | Damage>): Promise<number> {
    let written = 0
    let open: (WrittenSnapshot & Folded)[] = []
    let size = 0
    const write = async (): Promise<void> => {
      await this.#sink.writeSnapshots(open.map(({ snapshot, bytes }) => ({ snapshot, bytes })))
      for (const one of open) this.#ledger.snapshot(one.no, one.size, one.bytes)
      written += open.length
      open = []
      size = 0
    }
    for (const [no, chain] of chains) {
      const folded = this.#snapshot(no, chain)
      if (folded === undefined) continue
      open.push(folded)
      size += folded.size
      if (open.length === writtenTogether || size >= bytesWrittenTogether) await write()
    }
    if (open.length > 0) await write()
    return written
  }

  #snapshot(no: number, chain: Chain | Damage): (WrittenSnapshot & Folded) | undefined {
    if (isDamage(chain)) {
      this.#onDamage(chain)
      return undefined
    }
    const snapshot = this.#fold(no, chain)
    if (snapshot === undefined) return undefined
    const { actors } = this.#ledger
    this.#faults?.('snapshot:folded')
    const size = snapshot.state.length + (snapshot.meta?.length ?? 0)
    return { no, snapshot, size, bytes: actors.bytes(actors.open(no)) }
  }

  /** Nothing to keep when nothing changed since the last snapshot, or nothing was ever written. */
  #fold(no: number, chain: Chain): Snapshot | undefined {
    const { last } = chain.changes
    if (last === undefined) return undefined
    const actor = this.#medium.address(no)
    const folded = this.#folded(chain, actor, last.position)
    if (folded?.state === undefined) return undefined
    return {
      actor,
      position: last.position,
      turn: last.turn,
      version: last.version,
      state: encodeValue(folded.state.value),
      ...(hasMeta(chain) && { meta: encodeValue(folded.meta) }),
    }
  }

  #folded(chain: Chain, actor: string, position: number): FoldedState | undefined {
    try {
      return foldChain(chain, this.#emptyMeta)
    } catch (error) {
      const detail = `the records of ${actor} up to ${position} cannot be folded: ${String(error)}`
      this.#onDamage({ kind: 'damaged', detail, positions: [position], actor })
      return undefined
    }
  }
}
