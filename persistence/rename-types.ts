/** Types of actors that have another name from now on (D9): given to a medium before its ledger is read. */
import { TroupeError } from '../mailbox/errors.ts'
import type { Medium } from './medium.ts'

/**
 * @param types old name to new
 * @throws STORE_RENAME when actors of both names are there; then nothing was changed
 */
export function renameTypes(medium: Medium, types: ReadonlyMap<string, string>): void {
  if (types.size === 0) return
  medium.transaction(() => {
    for (const [from, to] of types) refuseTwice(from, to, medium.renameType(from, to))
  })
}

function refuseTwice(from: string, to: string, both: readonly string[]): void {
  if (both.length === 0) return
  throw new TroupeError(
    'STORE_RENAME',
    `"${from}" cannot become "${to}": the store has actors of both types under the same key, ${both.join(', ')} for one. Nothing was changed; code without the renaming ran on this store. Decide which of them is right, from a backup or with other keys`,
    { fields: { from, to, actors: both } },
  )
}
