/**
 * What a record says, as it is compared with one of another history: not when it said it. Times,
 * deadlines, stacks and headers (trace ids) are left out, and so are the numbers of thread incarnations,
 * which differ from run to run: a message that was only in memory is known by its place among those of
 * its run.
 */
import { type RecordView, recordToJson } from './record-view.ts'

/** What a record says, without when and without what names only a run. */
export function said(view: RecordView): unknown {
  const { at: _at, message, notes: _notes, ...rest } = recordToJson(view)
  return spoken({ ...rest, message: runless(message) })
}

/** Leaves out stacks, and the incarnation in the ids of messages that were only in memory. */
export function spoken(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(spoken)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key]) => key !== 'stack')
  return Object.fromEntries(
    entries.map(([key, one]) => [
      key,
      key === 'id' || key === 'cause' ? runless(one) : spoken(one),
    ]),
  )
}

function runless(id: unknown): unknown {
  return typeof id === 'string' ? id.replace(/^@v\d+\.\d+$/, '@v') : id
}
