/** The closing table: what was spent, and what may be. */

import type { Budget, Spent } from 'troupe/agents'

const heads = ['', 'steps', 'tokens', 'time'] as const

/** Aligned text, names to the left and numbers to the right, without a line end after the last row. */
export function spentTable(answer: Spent, conversation: Spent, budget: Budget): string {
  const rows = [
    [...heads],
    rowOf('this answer', answer),
    rowOf('conversation', conversation),
    ['most', `${budget.turn?.steps ?? '–'}`, `${budget.conversation?.tokens ?? '–'}`, '–'],
  ]
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const rowOf = (name: string, { steps, tokens, ms }: Spent): string[] => [
  name,
  String(steps),
  String(tokens),
  `${Math.round(ms)} ms`,
]
