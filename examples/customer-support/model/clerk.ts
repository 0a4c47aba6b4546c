/**
 * The built-in model: a clerk who follows rules. It stands for a language model, with no network, no
 * weights and the same reply to the same request, so that the example can be tried and tested anywhere.
 *
 * Like any model it sees the conversation that it is given and nothing else, calls tools, and is told
 * what they found. What it can do: see `help`.
 */

import {
  type Json,
  type ModelMessage,
  type ModelRequest,
  type ScriptedModel,
  type ScriptedReply,
  scriptedModel,
  type ToolResultPart,
} from 'troupe/agents'

/** A reply is said in pieces of so many words. */
const wordsInPiece = 3

const help =
  'I can look up an order ("Where is order 17?"), pay it back ("I want my money back for order 17") or fetch a colleague ("I want to talk to a human").'

export const clerkModel = (): ScriptedModel => scriptedModel(reply, { id: 'clerk' })

function reply(request: ModelRequest): ScriptedReply {
  const { messages, purpose } = request
  if (purpose === 'summarize') return said(summaryOf(textsIn(messages)))
  const results = (messages.at(-1)?.parts ?? []).filter((part) => part.type === 'tool-result')
  const wish = lastWish(messages)
  return results.length > 0 ? afterResults(results, wish) : toWish(wish, textsIn(messages))
}

function toWish(wish: string, texts: readonly string[]): ScriptedReply {
  if (/\b(human|person|colleague|manager)\b/i.test(wish)) {
    return calls('escalate', { about: wish.slice(0, 200) })
  }
  const facts = factsOf(texts)
  if (/\bmy name\?|\bwho am i\b/i.test(wish)) {
    return said(facts.name === undefined ? 'You have not told me.' : `You told me: ${facts.name}.`)
  }
  if (/\bmy name is\b/i.test(wish)) return said(`Nice to meet you, ${facts.name}. ${help}`)
  const order = numberIn(wish) ?? (isAboutOrder(wish) ? facts.orders.at(-1) : undefined)
  if (order !== undefined) return calls('order', { order })
  return said(isAboutOrder(wish) ? 'Which order is it? Tell me its number.' : help)
}

function afterResults(results: readonly ToolResultPart[], wish: string): ScriptedReply {
  const [result] = results
  const found = fieldsOf(result?.output)
  if (result === undefined || result.failed === true) {
    return said(`I could not do that. ${String(found['message'] ?? '')}`.trim())
  }
  switch (result.name) {
    case 'order':
      return wantsMoney(wish)
        ? calls('refund', { order: String(found['order']), amount: Number(found['price']) })
        : said(
            `Your order ${found['order']} (${found['item']}, ${euros(found['price'])}): it is ${found['state']}.`,
          )
    case 'refund':
      return said(
        `I have paid ${euros(found['paid'])} back for order ${found['order']}. Your receipt is ${found['receipt']}.`,
      )
    default:
      return said('A colleague takes over and will write to you within the hour.')
  }
}

const said = (text: string): ScriptedReply => ({ text: piecesOf(text) })

const calls = (name: string, input: Json): ScriptedReply => ({ toolCalls: [{ name, input }] })

const euros = (amount: Json | undefined): string => `${Number(amount).toFixed(2)} euros`

const wantsMoney = (wish: string): boolean => /\b(money back|refund|pay .*back)\b/i.test(wish)

const isAboutOrder = (wish: string): boolean =>
  wantsMoney(wish) || /\b(order|parcel|it)\b/i.test(wish)

const numberIn = (text: string): string | undefined =>
  /\border (?:no\. ?|number |#)?(\d{1,6})\b/i.exec(text)?.[1]

interface Facts {
  readonly name: string | undefined
  /** In the order in which they were spoken of. */
  readonly orders: readonly string[]
}

function factsOf(texts: readonly string[]): Facts {
  const all = texts.join('\n')
  const name = [...all.matchAll(/\bmy name is (\p{L}+)/giu)].at(-1)?.[1]
  const orders = [...all.matchAll(/\border (\d{1,6})\b/gi)].map(([, number = '']) => number)
  return { name, orders }
}

/** What the next requests need of what is cut off: it reads its own summaries the same way. */
function summaryOf(texts: readonly string[]): string {
  const { name, orders } = factsOf(texts)
  const spoken = [...new Set(orders)].slice(-10).map((number) => `order ${number}`)
  return [
    ...(name === undefined ? [] : [`The customer said: my name is ${name}.`]),
    ...(spoken.length === 0 ? [] : [`They spoke of ${spoken.join(', ')}.`]),
  ].join(' ')
}

const textsIn = (messages: readonly ModelMessage[]): readonly string[] =>
  messages.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])),
  )

/** The last thing that the customer wrote. */
function lastWish(messages: readonly ModelMessage[]): string {
  const own = messages.filter(({ role }) => role === 'user')
  return textsIn(own).at(-1) ?? ''
}

function piecesOf(text: string): readonly string[] {
  const words = text.match(/\S+\s*/g) ?? []
  const count = Math.ceil(words.length / wordsInPiece)
  return Array.from({ length: count }, (_, n) =>
    words.slice(n * wordsInPiece, (n + 1) * wordsInPiece).join(''),
  )
}

const fieldsOf = (value: Json | undefined): Readonly<Record<string, Json>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, Json>>)
    : {}
