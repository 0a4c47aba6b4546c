/**
 * The versions of Node that can run troupe, and the words for those that cannot.
 *
 * Owns the floor and the message; does not decide what to do about it: the library throws
 * (`supported-node.ts`), the command line prints one line and exits (`runtime/cli/main.ts`).
 *
 * Invariant: imports nothing but the error base, and uses no syntax newer than Node 18 parses, so
 * that it runs where nothing else of this package would. On Node 20 the SQLite binding does not
 * fail, it takes the process down, so this must be asked before anything native is loaded.
 */
import { TroupeError } from './errors.ts'

/** The oldest Node that runs troupe; equal to `engines` in package.json, by a test. */
export const minimumNode = '22.18.0'

/**
 * Why this Node cannot run troupe, in one line, or `undefined` when it can.
 *
 * @param version as in `process.versions.node`, for example `'24.1.0'`
 */
export function unsupportedNode(version: string): string | undefined {
  if (isAtLeast(version, minimumNode)) return undefined
  return `troupe needs Node ${minimumNode} or newer, this is Node ${version}; install a current one from https://nodejs.org`
}

/**
 * Refuses an old Node.
 *
 * @throws TroupeError `NODE_UNSUPPORTED`, with `fields: { required, found }`
 */
export function assertSupportedNode(version: string): void {
  const reason = unsupportedNode(version)
  if (reason === undefined) return
  throw new TroupeError('NODE_UNSUPPORTED', reason, {
    fields: { required: minimumNode, found: version },
  })
}

/** Compares the numbers only: a pre-release or nightly counts as the release it leads to. */
function isAtLeast(version: string, floor: string): boolean {
  const found = numbers(version)
  for (const [index, wanted] of numbers(floor).entries()) {
    const part = found[index] ?? 0
    if (part !== wanted) return part > wanted
  }
  return true
}

function numbers(version: string): number[] {
  return version.split('.').map((part) => Number.parseInt(part, 10))
}
