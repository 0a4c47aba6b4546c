/** What handlers find in `ctx.deps`: built once for each thread, closed with it. */

import type { HostInfo } from 'troupe/contract'
import { Models } from './models.ts'
import { Indexes } from './retrieve/indexes.ts'

export interface Deps {
  readonly models: Models
  readonly indexes: Indexes
  /** The thread's slot; -1 for the calling thread. */
  readonly slot: number
}

export const makeDeps = ({ slot }: HostInfo): Deps => ({
  models: new Models(),
  indexes: new Indexes(),
  slot,
})

export function closeDeps({ indexes, models }: Deps): void {
  indexes.close()
  models.close()
}
