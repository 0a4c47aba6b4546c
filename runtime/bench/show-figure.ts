/** Words for parts of a report, the same in lines and on a page. */
import { shown } from './figure.ts'
import type { Figure, GateFigure } from './report.ts'

export function titleOf({ name, version }: Figure): string {
  return version === undefined ? name : `${name} ${version}`
}

export function gateLine(gate: GateFigure): string {
  const found = gate.found === undefined ? 'not measured' : shown(gate.found)
  return `${gate.aim ? 'aim' : 'gate'} ${verdictOf(gate)}: ${gate.text}, found ${found}`
}

export function verdictOf({ reached }: GateFigure): 'reached' | 'MISSED' | 'not judged' {
  return reached === undefined ? 'not judged' : reached ? 'reached' : 'MISSED'
}

export function megabytes(bytes: number): string {
  return `${shown(bytes / 2 ** 20)} MiB`
}
