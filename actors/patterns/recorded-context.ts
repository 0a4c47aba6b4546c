/** The part of a durable turn's context whose every answer is recorded (D2, R2): what a stage or a task works with. */
import type { Context } from '../context.ts'

export type RecordedContext<Deps> = Pick<
  Context<Record<never, never>, unknown, Deps>,
  | 'deps'
  | 'effect'
  | 'log'
  | 'message'
  | 'now'
  | 'random'
  | 'reveal'
  | 'secret'
  | 'signal'
  | 'span'
  | 'uuid'
>
