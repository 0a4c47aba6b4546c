/** What happened in a test system, as a Mermaid sequence diagram. */
import { textOf } from './message-pattern.ts'
import type { ObservedMessage } from './observed.ts'

/** Longest payload in a diagram, in characters. */
const longestText = 60

/** A message, or something that happened to an actor. */
export type Happening =
  | { readonly message: ObservedMessage }
  | { readonly actor: string; readonly note: string }

/** @param last how many happenings to draw; the earlier ones are counted */
export function sequenceDiagram(happenings: readonly Happening[], last = 60): string {
  const drawn = happenings.slice(-last)
  const names = participantsOf(drawn)
  const left = happenings.length - drawn.length
  const lines = drawn.map((one) =>
    'message' in one
      ? arrow(one.message, names)
      : `Note over ${names.get(one.actor)}: ${plain(one.note)}`,
  )
  return [
    'sequenceDiagram',
    ...[...names].map(
      ([id, name]) => `participant ${name} as ${plain(id === '' ? 'outside' : id)}`,
    ),
    ...(left === 0 ? [] : [`Note over ${[...names.values()][0]}: ${left} earlier`]),
    ...lines,
  ].join('\n  ')
}

/** Addresses may hold anything, so participants are numbered. */
function participantsOf(happenings: readonly Happening[]): Map<string, string> {
  const ids = happenings.flatMap((one) =>
    'message' in one ? [one.message.from, one.message.to] : [one.actor],
  )
  return new Map([...new Set(ids)].map((id, i) => [id, `p${i}`]))
}

function arrow({ from, to, name, payload }: ObservedMessage, names: Map<string, string>): string {
  const short = payload === undefined ? '' : textOf(payload, longestText)
  return `${names.get(from)}->>${names.get(to)}: ${plain(`${name}(${short})`)}`
}

/** Semicolons and number signs mean something to Mermaid, line ends to the diagram. */
function plain(text: string): string {
  return text.replace(/[;#\n\r]/g, (char) => `#${char.charCodeAt(0)};`)
}
