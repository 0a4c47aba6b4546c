/**
 * What a record says, as it is compared with one of another history: not when it said it. Times,
 * deadlines, stacks and headers (trace ids) are left out, and so are the numbers of thread incarnations,
 * which differ from run to run: a message that was only in memory is known by its place among those of
 * its run.
 */
import { type RecordView, recordToJson } from './record-view.ts'
import { withoutStacks } from './without-stacks.ts'

/** What a record says, without when and without what names only a run. */
export function said(view: RecordView): unknown {
  const { at: _at, message, notes: _notes, ...rest } = recordToJson(view)
  return spoken({ ...rest, message: runless(message) })
}

/** Leaves out stacks, and the incarnation in the ids of messages that were only in memory. */
export function spoken(value: unknown): unknown {
  return withoutRun(withoutStacks(value))
}

function withoutRun(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutRun)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      (key === 'id' || key === 'cause') && typeof one === 'string' ? runless(one) : withoutRun(one),
    ]),
  )
}

function runless(id: unknown): unknown {
  return typeof id === 'string' ? id.replace(/^@v\d+\.\d+$/, '@v') : id
}
