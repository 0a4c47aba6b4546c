/** The closing table: who did how much, where, and how long it took. */

import type { AgentWork } from '../contracts.ts'

const heads = ['agent', 'host', 'messages', 'queue wait', 'handling time'] as const

/** Aligned text, names to the left and numbers to the right, without a line end after the last row. */
export function agentTable(rows: readonly AgentWork[]): string {
  const cells = [[...heads], ...rows.map(cellsOf)]
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells.map((row) => line(row, widths)).join('\n')
}

const cellsOf = (row: AgentWork): string[] => [
  row.agent,
  row.slot === -1 ? 'main' : `host ${row.slot}`,
  String(row.messages),
  row.queueWaitMs === null ? '–' : milliseconds(row.queueWaitMs),
  milliseconds(row.handlingMs),
]

const line = (row: readonly string[], widths: readonly number[]): string =>
  row
    .map((cell, column) => {
      const width = widths[column] ?? 0
      return column < 2 ? cell.padEnd(width) : cell.padStart(width)
    })
    .join('  ')
    .trimEnd()

/** Three digits are enough to compare by. */
const milliseconds = (value: number): string =>
  `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)} ms`
