/** Whether a message fits a pattern, and what to say when none did. */
import { inspect, isDeepStrictEqual } from 'node:util'
import { TroupeError } from '../../mailbox/errors.ts'
import { aText, checkOptions } from '../../mailbox/options.ts'
import type { MessagePattern, ObservedMessage } from './observed.ts'

/** Messages listed when the expected one did not come. */
const listed = 12

const checks = { from: aText, to: aText, name: aText, topic: aText, payload: () => undefined }

/** @throws OPTION_INVALID */
export function checkPattern(pattern: MessagePattern): void {
  checkOptions('expectMessage', pattern, checks)
}

export function fitsPattern(message: ObservedMessage, pattern: MessagePattern): boolean {
  const { from, to, name, topic, payload } = pattern
  return (
    (from === undefined || isAddress(message.from, from)) &&
    (to === undefined || isAddress(message.to, to)) &&
    (name === undefined || message.name === name) &&
    (topic === undefined || message.topic === topic) &&
    (payload === undefined || fitsPayload(message.payload, payload))
  )
}

/** An address, or an actor type alone. */
function isAddress(found: string, wanted: string): boolean {
  return found === wanted || (!wanted.includes('/') && found.startsWith(`${wanted}/`))
}

function fitsPayload(found: unknown, wanted: unknown): boolean {
  if (typeof wanted === 'function') return wanted(found) === true
  if (!isRecord(found) || !isRecord(wanted)) return isDeepStrictEqual(found, wanted)
  return Object.entries(wanted).every(
    ([key, value]) => Object.hasOwn(found, key) && isDeepStrictEqual(found[key], value),
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return Object.prototype.toString.call(value) === '[object Object]'
}

/** The error of a message that did not come: lists what came instead. */
export function notObserved(
  pattern: MessagePattern,
  within: number,
  messages: readonly ObservedMessage[],
): TroupeError {
  const wanted = Object.entries(pattern).map(([key, value]) => `${key} ${textOf(value)}`)
  const seen = messages.slice(-listed).map((message) => `\n  ${lineOf(message)}`)
  const list = seen.length === 0 ? ' nothing' : seen.join('')
  return new TroupeError(
    'NOT_OBSERVED',
    `expected a message with ${wanted.join(', ') || 'any content'} within ${within} ms of the test's time; sent were, the newest last:${list}`,
  )
}

/** One message for people. */
export function lineOf({ from, to, name, payload, topic }: ObservedMessage): string {
  const text = payload === undefined ? '' : textOf(payload)
  const sender = from === '' ? 'outside' : from
  if (to === '') return `${sender} publishes ${topic}: ${text}`
  return `${sender} → ${to} ${name}(${text})`
}

/** A payload on one line, shortened. */
export function textOf(value: unknown, longest = 120): string {
  const text = inspect(value, {
    depth: 3,
    breakLength: Number.POSITIVE_INFINITY,
    maxStringLength: 80,
  })
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}
