/**
 * From a medium to a ledger: the newest good checkpoint, then the directories after it; an older
 * checkpoint where the newest is damaged; in the end all directories (D4, D7).
 */
import { TroupeError } from '../mailbox/errors.ts'
import { restoreCheckpoint } from './checkpoint.ts'
import { isDamage } from './decode.ts'
import { Ledger } from './ledger.ts'
import type { ReadMedium } from './medium.ts'
import type { Damage } from './stored.ts'

/**
 * @param onDamage what to do with a directory that cannot be read; by default refuse to open, since
 * nobody can tell whose messages it held
 * @throws STORE_CORRUPT when a directory after the checkpoint is damaged or missing
 */
export function recover(medium: ReadMedium, onDamage: (damage: Damage) => void = refuse): Ledger {
  const ledger = new Ledger(medium)
  for (const { position, chunks } of medium.checkpoints()) {
    if (position > medium.position) continue
    restoreCheckpoint(ledger, position, chunks, (no) => medium.name(no))
    break
  }
  catchUp(ledger, medium, onDamage)
  return ledger
}

/** Folds what a medium holds beyond the ledger. */
export function catchUp(
  ledger: Ledger,
  medium: ReadMedium,
  onDamage: (damage: Damage) => void = refuse,
): void {
  const end = medium.position
  for (const segment of medium.directories(ledger.position + 1, end)) {
    if (isDamage(segment)) {
      onDamage(segment)
      continue
    }
    if (segment.position > ledger.position + 1) {
      onDamage(gap(ledger.position + 1, segment.position - 1))
      ledger.startAt(segment.position - 1)
    }
    ledger.sources.from(segment.slot, segment.epoch)
    ledger.fold(segment.directory, segment.position)
  }
  if (ledger.position < end) {
    onDamage(gap(ledger.position + 1, end))
    ledger.startAt(end)
  }
}

function gap(from: number, to: number): Damage {
  const detail = `the directory of records ${from} to ${to} is missing or damaged`
  return { kind: 'damaged', detail, positions: [from, to] }
}

function refuse(damage: Damage): never {
  throw new TroupeError(
    'STORE_CORRUPT',
    `${damage.detail}: whose messages it held cannot be told. Restore a backup, or open with acceptLoss to go on without them; all bytes are kept`,
    { fields: { positions: damage.positions } },
  )
}
