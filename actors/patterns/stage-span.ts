/** The span of one call of a stage: `stage NAME`. */

import type { OpenSpan, Span } from '../span.ts'
import { Own } from '../span-names.ts'
import type { AnyStage } from './stage.ts'
import type { Look } from './stage-contracts.ts'

/** Undefined where its trace is not recorded. A turn that fails ends it, with its own. */
export function beginStage(
  within: Span | undefined,
  pipeline: string,
  stage: string,
): OpenSpan | undefined {
  return within?.start(`stage ${stage}`, { [Own.stage]: stage, [Own.pipeline]: pipeline })
}

/** The names of its counts are the stage's own. */
export function endStage(
  span: OpenSpan,
  stage: AnyStage<never>,
  how: Look['how'],
  output: unknown,
): void {
  span.set({ [Own.stageAnswer]: how === 'none' ? 'made' : how })
  for (const [name, count] of Object.entries(counted(stage, output))) {
    span.set({ [`${Own.stageCount}${name}`]: count })
  }
  span.end()
}

/** A count that cannot be made is missing: nothing else may depend on being watched. */
function counted(stage: AnyStage<never>, output: unknown): Readonly<Record<string, number>> {
  try {
    return stage.counts?.(output) ?? {}
  } catch {
    return {}
  }
}
