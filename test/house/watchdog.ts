/**
 * Fails a test file that leaves something running (a thread, a socket, a timer, a child process), or
 * a file in the folder for temporary ones.
 *
 * Loaded before every test file by `npm test`. The test runner's own timeout ends a test, but waits
 * for ever for a process that does not end; here a process has a moment after its last test, then
 * it is told what still runs and ended as failed. Each test file has a temporary folder of its own,
 * so that what is left behind has an owner.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'

/** Milliseconds that a file may take to end after its last test. */
const grace = Number(process.env['TROUPE_TEST_GRACE'] ?? 5_000)

if (isTestFile()) {
  const { after } = await import('node:test')
  after(() => void setTimeout(endAsFailed, grace).unref())
  watchFolder()
}

/** Threads and programs that a test starts inherit its options; they are not watched. */
function isTestFile(): boolean {
  const isChildOfRunner = process.env['NODE_TEST_CONTEXT']?.startsWith('child') ?? false
  return isMainThread && isChildOfRunner && (process.argv[1] ?? '').endsWith('.test.ts')
}

function endAsFailed(): void {
  const running = process.getActiveResourcesInfo().join(', ')
  process.stderr.write(
    `${testFile()} does not end: its last test left something running: ${running}\n`,
  )
  process.exit(1)
}

/** Hooks of the file run after ours: only when the process ends is everything cleaned up. */
function watchFolder(): void {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-test-'))
  process.env['TMPDIR'] = folder
  process.on('exit', () => {
    const left = readdirSync(folder)
    rmSync(folder, { recursive: true, force: true })
    if (left.length === 0) return
    process.stderr.write(`${testFile()} left behind in its temporary folder: ${left.join(', ')}\n`)
    process.exitCode = 1
  })
}

function testFile(): string {
  return process.argv[1] ?? 'a test file'
}
