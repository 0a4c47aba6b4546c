/** What handlers find in `ctx.deps`: built once for each thread, closed with it. */

import { extractiveModel, type Model } from 'troupe/agents'
import type { HostInfo } from 'troupe/contract'
import { Indexes } from './retrieve/indexes.ts'

export interface Deps {
  readonly model: Model
  readonly indexes: Indexes
  /** The thread's slot; -1 for the calling thread. */
  readonly slot: number
}

export const makeDeps = ({ slot }: HostInfo): Deps => ({
  model: extractiveModel(),
  indexes: new Indexes(),
  slot,
})

export const closeDeps = ({ indexes }: Deps): void => indexes.close()
