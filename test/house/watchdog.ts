/**
 * Fails a test file that leaves something running: a thread, a socket, a timer, a child process.
 *
 * Loaded before every test file by `npm test`. The test runner's own timeout ends a test, but waits
 * for ever for a process that does not end; here a process has a moment after its last test, then
 * it is told what still runs and ended as failed.
 */
import { after } from 'node:test'
import { isMainThread } from 'node:worker_threads'

/** Milliseconds that a file may take to end after its last test. */
const grace = Number(process.env['TROUPE_TEST_GRACE'] ?? 5_000)

if (isTestFile()) after(() => void setTimeout(endAsFailed, grace).unref())

/** Threads and programs that a test starts inherit its options; they are not watched. */
function isTestFile(): boolean {
  const isChildOfRunner = process.env['NODE_TEST_CONTEXT']?.startsWith('child') ?? false
  return isMainThread && isChildOfRunner && (process.argv[1] ?? '').endsWith('.test.ts')
}

function endAsFailed(): void {
  const running = process.getActiveResourcesInfo().join(', ')
  const file = process.argv[1] ?? 'a test file'
  process.stderr.write(`${file} does not end: its last test left something running: ${running}\n`)
  process.exit(1)
}
