/** What happened in a test system, as a sequence diagram. */
import { SequenceDiagram } from '../../persistence/replay/sequence-diagram.ts'
import { textOf } from './message-pattern.ts'
import type { ObservedMessage } from './observed.ts'

/** Longest payload in a diagram, in characters. */
const longestText = 60

/** A message, or something that happened to an actor. */
export type Happening =
  | { readonly message: ObservedMessage }
  | { readonly actor: string; readonly note: string }

/** @param last how many happenings to draw; the earlier ones are counted */
export function happeningsDiagram(happenings: readonly Happening[], last = 60): string {
  const drawn = happenings.slice(-last)
  const left = happenings.length - drawn.length
  const diagram = new SequenceDiagram()
  if (left > 0 && drawn[0] !== undefined) diagram.note(whoIn(drawn[0]), `${left} earlier`)
  for (const one of drawn) draw(diagram, one)
  return diagram.text
}

function whoIn(one: Happening): string {
  return 'message' in one ? one.message.from : one.actor
}

function draw(diagram: SequenceDiagram, one: Happening): void {
  if (!('message' in one)) return diagram.note(one.actor, one.note)
  const { from, to, name, payload } = one.message
  const short = payload === undefined ? '' : textOf(payload, longestText)
  diagram.message(from, '->>', to, `${name}(${short})`)
}
