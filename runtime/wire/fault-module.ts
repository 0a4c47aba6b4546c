/**
 * The module that is told of every fault point (`mailbox/fault-points.ts`): named in the options of a
 * system, loaded by each of its threads for itself, because a function cannot cross.
 */
import { TroupeError } from '../../mailbox/errors.ts'
import type { Faults } from '../../mailbox/fault-points.ts'

/** Option `faults` of `createSystem`. */
export interface FaultOptions {
  /** URL of a module whose default export is a {@link FaultModule}. */
  readonly module: string
  /** Handed to it in every thread, as `postMessage` would: shared memory stays shared. */
  readonly data?: unknown
}

/** The thread that loads the module. */
export interface FaultThread {
  readonly role: 'main' | 'host' | 'store' | 'archive' | 'backup' | 'history'
  /** Of a host. */
  readonly slot?: number
}

/** Called once in each thread; what it returns is called at every fault point of that thread. */
export type FaultModule = (thread: FaultThread, data: unknown) => Faults | undefined

/** @throws OPTION_INVALID when the module cannot be loaded or exports no function */
export async function loadFaults(
  options: FaultOptions | undefined,
  thread: FaultThread,
): Promise<Faults | undefined> {
  if (options === undefined) return undefined
  const { module, data } = options
  const { default: made } = await imported(module)
  if (typeof made === 'function') return (made as FaultModule)(thread, data)
  throw new TroupeError(
    'OPTION_INVALID',
    `option "faults": ${module} must export a function as default, got ${typeof made}`,
  )
}

async function imported(module: string): Promise<{ readonly default?: unknown }> {
  try {
    return (await import(module)) as { readonly default?: unknown }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new TroupeError('OPTION_INVALID', `option "faults": ${module} cannot be loaded: ${why}`, {
      cause: error,
    })
  }
}
