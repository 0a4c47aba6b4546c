/**
 * What is still owed, with the date it was written down.
 *
 * The tests of the house demand everything at once; while the house is being built, these lists
 * name what is not there yet. They may only shrink: an item that is no longer missing fails its
 * test until it is deleted here. When all are empty, delete this file.
 */

/** 2026-11-22. Codes of `mailbox/errors.ts` that nothing raises yet. */
export const codesNotYetRaised: readonly string[] = []

/** 2026-11-22. Public entries whose module is not written yet. */
export const entriesNotYetWritten: readonly string[] = []

/** 2026-11-22. Pages whose code waits for entries that are not written yet. */
export const pagesNotYetTrue: readonly string[] = []

/** 2026-11-22. Titles that test/regressions.md names and no test has yet. */
export const testsNotYetWritten: readonly string[] = [
  'D7: pruning never removes the snapshot in use',
  'F4: consumption resumes after a host is replaced',
  'health says how old the oldest unprocessed message is',
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
