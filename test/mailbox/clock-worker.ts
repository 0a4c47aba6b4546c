/** A second thread that answers every message with its own monotonic time. */
import { parentPort } from 'node:worker_threads'
import { SystemClock } from '../../mailbox/clock.ts'

const clock = new SystemClock()
parentPort?.on('message', () => parentPort?.postMessage(clock.mono()))
