/**
 * A fork that is run on: a system on its store, where each call out of a turn is what was chosen for it
 * (R1). It runs on the calling thread, since choices are made there.
 */
import type { App } from '../../actors/app.ts'
import { aFunction, anInteger, anObject, aText, checkOptions } from '../../mailbox/options.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import { startSystem } from '../main/create-system.ts'
import { checkSystemOptions } from '../main/options.ts'
import type { SecretsOptions } from '../main/secrets-plan.ts'
import type { System } from '../main/system.ts'
import type { LogLine } from '../telemetry/logs/line.ts'
import { noDeps } from './no-deps.ts'
import { RecordedSteps } from './recorded-steps.ts'
import { type StepChoice, StepChoices, type StepCounts } from './step-choices.ts'

/** How a fork is run on. */
export interface OpenForkOptions {
  /** The store that it was made of, for recorded answers; it is only read. */
  readonly from: string
  /** Position at which it was cut: answers recorded behind it are used. */
  readonly at: number
  /**
   * By name of the effect, or `type.message` for an ask of a volatile actor. Without a choice an effect is
   * answered from the record or refused with REPLAY_LIVE; such an ask is answered from the record or asked.
   */
  readonly steps?: Readonly<Record<string, StepChoice>>
  /**
   * What handlers find in `ctx.deps`, or `live` for what the app builds. Default: what the app builds when a
   * step is `live`, else nothing, and touching it throws REPLAY_LIVE.
   */
  readonly deps?: unknown
  /** Keys of secrets; see `createSystem`. */
  readonly secrets?: SecretsOptions
  /** Gets log lines. Default: warnings and errors go to stderr. */
  readonly log?: (line: LogLine) => void
}

/** A fork that runs. */
export interface OpenFork {
  readonly system: System
  /** What became of the calls so far. */
  readonly steps: readonly StepCounts[]
  /** Names in `steps` that nothing has called so far. */
  readonly unused: readonly { readonly name: string; readonly near: string | undefined }[]
  /** Ends the system and closes the store that recorded answers come from. */
  close(): Promise<void>
}

const checks = {
  from: aText,
  at: anInteger(0),
  steps: anObject,
  deps: () => undefined,
  secrets: anObject,
  log: aFunction,
}

/**
 * Starts a system on a fork.
 *
 * @param store the fork, as `forkStore` made it
 * @param given the app whose code handles what waits
 * @throws OPTION_INVALID, and as `createSystem`
 */
export async function openFork<Deps>(
  store: string,
  given: App<Deps>,
  options: OpenForkOptions,
): Promise<OpenFork> {
  checkOptions('openFork', options, checks)
  const { from, at, steps = {}, secrets, log } = options
  const recording = openRecording(from)
  try {
    const effects = new StepChoices(steps, new RecordedSteps(recording.reader, at))
    const checked = checkSystemOptions({
      store,
      workers: 0,
      ...(secrets !== undefined && { secrets }),
      ...(log !== undefined && { log }),
    })
    const system = await startSystem(withDeps(given as App, options), { ...checked, effects })
    return {
      system,
      get steps() {
        return effects.counts
      },
      get unused() {
        return effects.unused
      },
      async close() {
        await system.close()
        recording.close()
      },
    }
  } catch (error) {
    recording.close()
    throw error
  }
}

function withDeps(app: App, { deps, steps = {} }: OpenForkOptions): App {
  const isLive = deps === 'live' || Object.values(steps).includes('live')
  if (isLive && (deps === undefined || deps === 'live')) return app
  const instead = deps ?? noDeps('say that they are live, or give { deps }')
  return { ...app, deps: () => instead, dispose: undefined }
}
