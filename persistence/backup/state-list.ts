/**
 * `NAME.states`: what every actor of a backup folded to when it was taken, by number, one line each:
 * `number position turn version hash address`. Read line by line, there may be millions.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'

/** One actor at one position. */
export interface ActorState {
  readonly no: number
  readonly actor: string
  /** Its newest record. */
  readonly position: number
  readonly turn: number
  readonly version: number
  /** As `hashState` makes it, or `-` for one that could not be folded. */
  readonly hash: string
}

const flushAt = 64 * 1024

/** Writes a list; `close` ends it. */
export class StateListWriter {
  readonly #descriptor: number
  #text = ''

  constructor(path: string) {
    this.#descriptor = openSync(path, 'wx')
  }

  add({ no, position, turn, version, hash, actor }: ActorState): void {
    this.#text += `${no} ${position} ${turn} ${version} ${hash} ${actor}\n`
    if (this.#text.length >= flushAt) this.#flush()
  }

  close(): void {
    this.#flush()
    closeSync(this.#descriptor)
  }

  #flush(): void {
    writeSync(this.#descriptor, this.#text)
    this.#text = ''
  }
}

/** Reads a list. A line that is none comes as undefined. */
export function* readStateList(path: string): Generator<ActorState | undefined> {
  for (const line of linesOf(path)) yield readState(line)
}

const shape = /^(\d+) (\d+) (\d+) (\d+) ([0-9a-f]{64}|-) (.+)$/s

function readState(line: string): ActorState | undefined {
  const [, no, position, turn, version, hash = '', actor = ''] = shape.exec(line) ?? []
  if (no === undefined) return undefined
  return {
    no: Number(no),
    position: Number(position),
    turn: Number(turn),
    version: Number(version),
    hash,
    actor,
  }
}

function* linesOf(path: string): Generator<string> {
  const descriptor = openSync(path, 'r')
  const chunk = new Uint8Array(flushAt)
  const decoder = new TextDecoder()
  try {
    let rest = ''
    for (;;) {
      const read = readSync(descriptor, chunk, 0, chunk.length, null)
      if (read === 0) break
      const lines = (rest + decoder.decode(chunk.subarray(0, read), { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
    if (rest !== '') yield rest
  } finally {
    closeSync(descriptor)
  }
}
