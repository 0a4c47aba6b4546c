/** The messages that came from outside into a recorded history, as a load. */
import type { App } from '../../actors/app.ts'
import { parseAddress } from '../../mailbox/address.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { type LaneName, laneNames, type UserLane } from '../../mailbox/lane.ts'
import { decodeValue } from '../../persistence/codec.ts'
import { isDamage } from '../../persistence/decode.ts'
import { PartFlag, PartKind } from '../../persistence/record.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import { selectRecords } from '../../persistence/replay/scan.ts'
import type { StoredMessage } from '../../persistence/stored.ts'
import type { System } from '../main/system.ts'
import type { Arrival } from './arrivals.ts'

/** A recorded message of outside that can be sent again. */
interface RecordedMessage {
  /** Wall time in ms of the record that holds it. */
  readonly time: number
  readonly to: string
  readonly name: string
  readonly lane: LaneName
  readonly ask: boolean
  readonly payload: Uint8Array
}

/**
 * Everything is read at once, encoded: the file is not looked at while the load runs.
 * @throws OPTION_INVALID where there is no such file, or nothing in it that can be sent again
 */
export function readRecorded(file: string): readonly RecordedMessage[] {
  const recording = openRecording(file)
  try {
    const found: RecordedMessage[] = []
    for (const record of selectRecords(recording.reader)) {
      if (isDamage(record)) continue
      for (const part of record.parts) {
        if (part.kind !== PartKind.message || !isFromOutside(part.message)) continue
        found.push(recordedMessage(part.message, record.time))
      }
    }
    if (found.length > 0) return found
    throw new TroupeError('OPTION_INVALID', `${file} holds no message from outside in full`)
  } finally {
    recording.close()
  }
}

/** With its payload; sealed ones cannot be sent again. */
function isFromOutside({ from, to, topic, payload, flags }: StoredMessage): boolean {
  const gone = (flags & (PartFlag.headerOnly | PartFlag.dead | PartFlag.end)) !== 0
  return from === '' && to !== '' && topic === undefined && payload !== undefined && !gone
}

function recordedMessage(message: StoredMessage, time: number): RecordedMessage {
  return {
    time,
    to: message.to,
    name: message.name,
    lane: laneNames[message.lane] ?? 'normal',
    ask: (message.flags & PartFlag.ask) !== 0,
    payload: message.payload as Uint8Array,
  }
}

/** In their own rhythm, so many times as fast. */
export function* recordedArrivals(
  messages: readonly RecordedMessage[],
  system: System,
  app: App,
  speed: number,
): Generator<Arrival> {
  const first = messages[0]?.time ?? 0
  let at = 0
  for (const message of messages) {
    // A wall clock may have gone back while it was recorded.
    at = Math.max(at, (message.time - first) / speed)
    const { name, lane } = message
    yield { at, job: { name, lane, send: () => sendAgain(message, system, app) } }
  }
}

function sendAgain(message: RecordedMessage, system: System, app: App): Promise<unknown> {
  const { type } = parseAddress(message.to)
  const contract = app.actors.get(type)?.contract
  if (contract?.messages[message.name] === undefined) {
    const error = new TroupeError(
      'DEFINITION_MISSING',
      `${message.to} takes no ${message.name} today`,
    )
    return Promise.reject(error)
  }
  const ref = system.ref(contract, parseAddress(message.to))
  const options = { lane: userLane(message.lane) }
  const how = message.ask ? ref.ask : ref.deliver
  const send = how[message.name] as (payload: unknown, options: object) => Promise<unknown>
  return send.call(how, decodeValue(message.payload), options)
}

/** What the system lane did is the system's own business. */
function userLane(lane: LaneName): UserLane {
  return lane === 'system' ? 'control' : lane
}
