/**
 * From inline Markdown and HTML to the words a reader sees. Never changes the order of words and
 * never adds or drops line ends: callers count `\n` to know where a sentence stands.
 *
 * Spans are bounded in length, so that a hostile line costs time in proportion to its length.
 */

import { decodeEntities } from './entities.ts'

/** An escaped sign, or a code span: whichever begins first hides what follows it. */
const literal = /\\([!-/:-@[-`{-~])|(`+)(?!`)([^\n]{0,1000}?[^`\n])\2(?!`)/g
const target = String.raw`(?:\((?:[^()\n]|\([^()\n]{0,200}\)){0,1000}\)|\[[^\]\n]{0,200}\])`
const image = new RegExp(String.raw`!\[[^\]\n]{0,500}\]${target}`, 'g')
const link = new RegExp(String.raw`\[([^[\]\n]{1,500})\]${target}`, 'g')
const collapsedLink = /\[([^[\]\n]{1,500})\]\[\]/g
const autolink = /<((?:https?|mailto):[^\s<>]{1,1000})>/gi
const tag = /<\/?[a-z][^<>]{0,2000}>|<!--[^>]{0,2000}-->/gi
const emphasis = /(\*\*\*|\*\*|\*|~~)(?=\S)((?:(?!\1)[^\n]){0,1000})(?<=\S)\1/g
const underscores = /(?<![\p{L}\p{N}_])(__|_)(?=\S)([^\n]{1,1000}?)(?<=\S)\1(?![\p{L}\p{N}_])/gu
const placeholder = /\uE000(\d+)\uE001/g

/** The visible text of inline Markdown. Code spans and escaped signs are kept as they are. */
export function plainText(markdown: string): string {
  const kept: string[] = []
  const prose = markdown.replace(literal, (_all, sign?: string, _ticks?: string, code?: string) => {
    kept.push(sign ?? code?.trim() ?? '')
    return `\uE000${kept.length - 1}\uE001`
  })
  return plainProse(prose).replace(placeholder, (whole, index) => kept[Number(index)] ?? whole)
}

/** Spaces, tabs and line ends as single spaces. */
export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()

function plainProse(text: string): string {
  const visible = text
    .replace(image, '')
    .replace(autolink, '$1')
    .replace(tag, onlyLineEnds)
    .replace(link, '$1')
    .replace(link, '$1')
    .replace(collapsedLink, '$1')
    .replace(emphasis, '$2')
    .replace(emphasis, '$2')
    .replace(underscores, '$2')
    .replaceAll('**', '')
  return decodeEntities(visible)
}

const onlyLineEnds = (removed: string): string => removed.replace(/[^\n]+/g, '')
