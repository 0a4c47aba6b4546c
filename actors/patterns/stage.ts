/** One stage of a pipeline, as its author writes it. Owns the shape and its checks, runs nothing. */
import { TroupeError } from '../../mailbox/errors.ts'
import {
  aDuration,
  aFunction,
  anArray,
  anInteger,
  checkOptions,
  type OptionCheck,
} from '../../mailbox/options.ts'
import type { Encodable } from '../../persistence/encodable-types.ts'
import type { Context } from '../context.ts'
import { aShare } from './cache.ts'
import type { RecordedContext } from './recorded-context.ts'

/** What a stage works with: the recorded part of a durable turn. Calls out are asks or effects (D2). */
export type StageContext<Deps = unknown> = RecordedContext<Deps> & Pick<Context, 'ref'>

/** One stage of a pipeline. */
export interface Stage<Input, Output, Deps = unknown> {
  /** Another one when the same input is to give another output: it is part of the key. */
  readonly version: number | string
  /** What else its output depends on, for example `{ model, temperature, tools }`; part of the key. */
  readonly uses?: Encodable
  /** What of the basis its output does not depend on; default it depends on both. */
  readonly independentOf?: readonly ('tenant' | 'data')[]
  /** How long in ms an output is good; default 3,600,000. */
  readonly ttl?: number
  /** Each is good for a part of `ttl` less, up to this share; default 0.1. */
  readonly jitter?: number
  /** For so many ms after that it is still given at once, while one turn renews it. Default 0. */
  readonly stale?: number
  /** Most bytes of outputs that are kept, as canonical JSON; default 64 MiB. The oldest go first. */
  readonly maxBytes?: number
  /** Most ms that whoever asks waits for it; default 60,000. */
  readonly within?: number
  /**
   * What of an output to count in traces: `(found) => ({ documents: found.length })`. Called only where one is
   * recorded.
   */
  counts?(output: Output): Readonly<Record<string, number>>
  /** The work. */
  run(ctx: StageContext<Deps>, input: Input): Promise<Output> | Output
}

/** Any stage, for constraints. */
// biome-ignore lint/suspicious/noExplicitAny: a constraint has to accept every input and output
export type AnyStage<Deps = unknown> = Stage<any, any, Deps>

const aVersion: OptionCheck = (value) =>
  typeof value === 'string' || typeof value === 'number' ? undefined : 'a number or a text'
const anything: OptionCheck = () => undefined

/** @throws OPTION_INVALID */
export function checkStage(pipeline: string, name: string, stage: AnyStage<never>): void {
  const what = `pipeline "${pipeline}" stage "${name}"`
  checkOptions(what, stage, {
    version: aVersion,
    uses: anything,
    independentOf: anArray,
    ttl: aDuration,
    jitter: aShare,
    stale: aDuration,
    maxBytes: anInteger(0),
    within: aDuration,
    counts: aFunction,
    run: aFunction,
  })
  const problem = !/^[A-Za-z0-9_-]+$/.test(name)
    ? 'a name is letters, digits, "_" and "-"'
    : stage.run === undefined || stage.version === undefined
      ? 'a stage needs "version" and "run"'
      : undefined
  if (problem !== undefined) throw new TroupeError('OPTION_INVALID', `${what}: ${problem}`)
}
