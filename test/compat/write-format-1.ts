/**
 * Wrote the golden store of format 1. Until the first release it may be run again when the format
 * changes; after that never: a new format gets a store of its own, and this one stays.
 *
 *   node --import ./test/house/sources.mjs test/compat/write-format-1.ts
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { emptyBook } from '../../actors/cell/book.ts'
import { encodeError } from '../../actors/cell/error-data.ts'
import { hashAddress } from '../../mailbox/address.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { writeArchive } from '../../persistence/archive-file.ts'
import { Archivist } from '../../persistence/archivist.ts'
import { takeBackup } from '../../persistence/backup/index.ts'
import type { ChangeHead } from '../../persistence/changes.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { isDamage } from '../../persistence/decode.ts'
import { foldChain } from '../../persistence/fold.ts'
import { RecordKind } from '../../persistence/record.ts'
import { openSqliteReader } from '../../persistence/sqlite/sqlite-store.ts'
import type { StoredSegment } from '../../persistence/stored.ts'
import { writeSuspects } from '../../persistence/suspects-file.ts'
import { Gate, settled } from '../durable/support.ts'
import { sqliteEngine, World } from '../durable/world.ts'
import { Account, actorsOf, Clerk } from './format-1.ts'
import { tellStore } from './tell-store.ts'

const target = fileURLToPath(new URL('../fixtures/stores/format-1/', import.meta.url))
const start = Date.UTC(2026, 10, 25)

async function write(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-'))
  const file = join(folder, 'store.db')
  const engine = sqliteEngine(file)
  const w = new World({ actors: actorsOf({ gate: new Gate(), calls: [] }), engine, wall: start })
  await begin(w)
  await snapshotAndCheckpoint(w, file)
  await leaveOpen(w)
  quarantine(w)
  await w.settle()
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  archive(file)
  await takeBackup(file, target, { emptyMeta: emptyBook, now: () => start + 60_000 })
  copyFileSync(`${file}-tail`, join(target, 'store.db-tail'))
  const { position } = w.store
  const poisoned = { position: 0, index: 0, starts: 2, actor: hashAddress('account/poisoned') }
  writeSuspects(join(target, 'store.db'), [{ ...poisoned, address: 'account/poisoned' }], false)
  const told = await tellStore(file)
  writeFileSync(join(target, 'expected.json'), `${JSON.stringify(told, undefined, 1)}\n`)
  engine.close()
  rmSync(folder, { recursive: true })
  process.stdout.write(`${position} records in ${target}\n`)
}

/** What is over when the checkpoint is written. */
async function begin(w: World): Promise<void> {
  const alice = w.ref(Account, 'alice')
  await settled(w, alice.ask.deposit(50, { id: 'gift-1' }))
  for (let i = 0; i < 5; i += 1) await settled(w, alice.ask.write(`entry ${i} ${'.'.repeat(40)}`))
  await settled(w, alice.ask.adopt('junior'))
  await settled(w, w.ref(Account, 'closed').ask.deposit(9))
  await settled(w, w.ref(Account, 'watcher').ask.watch('closed'))
  await settled(w, w.ref(Account, 'closed').ask.close())
  await w.settle()
  w.ref(Clerk, 'c').tell.note({ text: 'an event' })
  await settled(w, w.ref(Account, 'parked').deliver.refuse('not today', { id: 'refused-1' }))
  await w.settle()
}

async function snapshotAndCheckpoint(w: World, file: string): Promise<void> {
  const { history, medium, close } = openSqliteReader(file)
  const no = medium.actorNo('account/alice') as number
  const chain = history.chain({
    no,
    head: history.latest('account/alice', history.position) as number,
  })
  if (isDamage(chain)) throw new Error(chain.detail)
  const { state, meta } = foldChain(chain, emptyBook)
  const { position, turn, version } = chain.changes.last as ChangeHead
  const snapshot = { actor: 'account/alice', position, turn, version }
  w.store.writeSnapshot(
    { ...snapshot, state: encodeValue(state?.value), meta: encodeValue(meta) },
    1_000,
  )
  const archivist = new Archivist(medium, w.store, { emptyMeta: emptyBook })
  await archivist.writeCheckpoint()
  close()
}

/** What the next process finds unfinished. */
async function leaveOpen(w: World): Promise<void> {
  const alice = w.ref(Account, 'alice')
  await settled(w, alice.ask.deposit(7))
  await settled(w, alice.ask.remind({ name: 'hourly', every: 3_600_000 }))
  await settled(w, alice.ask.remind({ name: 'once', every: 0 }))
  await settled(w, alice.ask.follow('prices.*'))
  await settled(w, alice.deliver.put('hat'))
  await w.settle()
  // Reserved, and in doubt about the payment; what comes behind it waits.
  void alice.deliver.charge(20, { id: 'charge-1' })
  await w.settle()
  await settled(w, alice.deliver.deposit(3, { lane: 'low', id: 'gift-2' }))
  await settled(w, alice.deliver.write('waiting', { within: 86_400_000, trace: '00-1-2-01' }))
  w.outside.publish('prices.tea', 4)
  await w.settle()
  await settled(w, w.ref(Account, 'alice/junior').ask.deposit(1))
}

/** As the runtime writes it when a message was in hand at two deaths (F3). */
function quarantine(w: World): void {
  const error = new TroupeError(
    'QUARANTINED',
    'it was in hand both times its thread or the process died',
  )
  const time = Math.floor(w.clock.wall())
  w.journal.builder.record({ kind: RecordKind.accept, time })
  w.journal.builder.message({
    to: 'account/poisoned',
    name: 'deposit',
    lane: 3,
    flags: 1,
    version: 1,
    payload: encodeValue(13),
  })
  w.journal.append({
    undone: () => undefined,
    committed: (position) => {
      w.journal.builder.record({
        kind: RecordKind.parked,
        time,
        actor: 'account/poisoned',
        message: { position, index: 0 },
        lane: 3,
        name: 'deposit',
        flags: 8,
        version: 2,
        error: encodeValue(encodeError(error)),
      })
      w.journal.append({ undone: () => undefined, committed: () => undefined })
    },
  })
}

function archive(file: string): void {
  const { medium, close } = openSqliteReader(file)
  const segments: StoredSegment[] = []
  for (const segment of medium.segments(1, 4)) {
    if (!isDamage(segment)) segments.push(segment)
  }
  writeArchive(target, medium.storeId, segments, medium)
  close()
}

await write()
