/** The thread on which one SELECT runs, inside a process of its own: see `select-process.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import { TroupeError } from '../../mailbox/errors.ts'
import { type SelectQuery, selectFrom } from './select.ts'
import type { SelectAnswer } from './select-process.ts'

const { file, query } = workerData as { readonly file: string; readonly query: SelectQuery }
parentPort?.postMessage(answer())

function answer(): SelectAnswer {
  try {
    return { selected: selectFrom(file, query) }
  } catch (error) {
    const code = error instanceof TroupeError ? error.code : 'QUERY_FAILED'
    return { code, message: error instanceof Error ? error.message : String(error) }
  }
}
