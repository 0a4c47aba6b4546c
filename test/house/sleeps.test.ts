/** No test sleeps on the wall clock: whoever needs a timer in one says here why. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sourcesIn } from './repository.ts'

const allowed: Readonly<Record<string, string>> = {
  'test/backup/killed-child.ts': 'stands still until it is killed',
  'test/crash/faults.ts': 'holds a thread at a fault point until the test lets it go on',
  'test/crash/harness.ts': 'kills at a random time: which, is the test',
  'test/house/watchdog.test.ts': 'the thread it starts must end a moment later, by itself',
  'test/house/watchdog.ts': 'gives a process a moment to end after its last test',
  'test/mailbox/clock.test.ts': 'replaces the timer by one of its own',
  'test/system/close.test.ts': 'S4: that nothing wakes can only be seen while time passes',
  'test/system/order.test.ts': 'takes a turn of the loop from there, no time',
  'test/system/start.test.ts': 'an app that never comes up',
  'test/system/thread-stop.ts': 'holds a thread at a fault point until the test lets it go on',
  'test/system/trouble.app.ts': 'throws outside of any turn',
}
const sleeping = /\bsetTimeout\b|timers\/promises|\bAtomics\.wait\b/

test('tests: none sleeps on the wall clock but those with a reason', () => {
  const found = [...sourcesIn(['test'])]
    .filter(([path, text]) => path !== 'test/house/sleeps.test.ts' && sleeping.test(text))
    .map(([path]) => path)
  assert.deepEqual(found, Object.keys(allowed))
})
