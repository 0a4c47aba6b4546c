/**
 * What the app is run with. It comes by the environment, because every thread has to know it and each
 * builds its own dependencies from it.
 */

import { TroupeError } from 'troupe/contract'

export interface Settings {
  /** `clerk`, or `bedrock:ID`. */
  readonly model: string
  /** File of the refunds. */
  readonly ledger: string
  /** Ms between two pieces of what the built-in model says. */
  readonly pace: number
}

/** @throws OPTION_INVALID */
export function settingsOf(env: NodeJS.ProcessEnv): Settings {
  const { SUPPORT_MODEL: model = 'clerk', SUPPORT_LEDGER: ledger, SUPPORT_PACE: pace = '0' } = env
  if (ledger === undefined || ledger === '') {
    throw invalid('SUPPORT_LEDGER must be the path of the file that refunds are written to')
  }
  return { model, ledger, pace: Number(pace) }
}

/** The environment that says the same. */
export const environmentOf = ({ model, ledger, pace }: Settings): Record<string, string> => ({
  SUPPORT_MODEL: model,
  SUPPORT_LEDGER: ledger,
  SUPPORT_PACE: String(pace),
})

/** A mistake in what was asked for. */
export const invalid = (what: string, cause?: unknown): TroupeError =>
  new TroupeError('OPTION_INVALID', `customer-support: ${what}`, { cause })
