/**
 * What is still owed, with the date it was written down.
 *
 * The tests of the house demand everything at once; while the house is being built, these lists
 * name what is not there yet. They may only shrink: an item that is no longer missing fails its
 * test until it is deleted here. When all are empty, delete this file.
 */

/** 2026-11-22. Codes of `mailbox/errors.ts` that nothing raises yet. */
export const codesNotYetRaised: readonly string[] = ['SYSTEM_IN_HOST']

/** 2026-11-22. Public entries whose module is not written yet. */
export const entriesNotYetWritten: readonly string[] = []

/** 2026-11-22. Pages whose code waits for entries that are not written yet. */
export const pagesNotYetTrue: readonly string[] = []

/** 2026-11-22. Titles that test/regressions.md names and no test has yet. */
export const testsNotYetWritten: readonly string[] = [
  'F1: stash and mailbox keep their order through restarts and back-off',
  'M3: a full mailbox answers full and throws nothing into the sender',
  'M3: a reply is never shed',
  "F1: the restart budget is the actor's own",
  'F1: every restart is an event',
  'F1: a failure in state() is a failure like any other',
  'S4: an idle system wakes for nothing',
  'S4: back-off and stopping wake once, not in a loop',
  'F1: pending messages survive a restart',
  'M3: a mailbox of one message starts and works',
  'F1: an ask in hand at a restart is told',
  'F1: messages left at the terminal stop become dead letters',
  'M2: an actor that messages itself does not starve others',
  'M1: at most 32 system messages per slice',
  'a subscriber that was full gets the next message',
  'T1: one handler at a time, awaits included',
  'D7: messages that arrive while a snapshot is written are kept',
  'D4: the message that activated an actor survives its failed recovery',
  'D7: pruning never removes the snapshot in use',
  'D8: a crash neither duplicates nor loses a durable timer',
  'D7: a restored state is snapshotted again and its timers run on',
  "D1: a large record of one actor does not hold back another's turns",
  'F4: consumption resumes after a host is replaced',
  'health says how old the oldest unprocessed message is',
  'a backlog for many keys boots in bounded memory',
  'D1: nothing leaves before the commit that holds it',
  'D2: a completed step is not run again after a crash',
  'S3: two systems in one process do not meet',
  'D2: one more step renames no other',
  'D2: steps started together are answered each by its own result',
]

/**
 * What is missing and not allowed to be, and what is allowed to be and not missing. Both must be
 * empty.
 */
export function compare(
  missing: readonly string[],
  allowed: readonly string[],
): { readonly missing: readonly string[]; readonly delete: readonly string[] } {
  return {
    missing: missing.filter((item) => !allowed.includes(item)),
    delete: allowed.filter((item) => !missing.includes(item)),
  }
}

/** What {@link compare} answers when the list says exactly what is missing. */
export const settled = { missing: [], delete: [] }
