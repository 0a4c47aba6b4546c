/**
 * Plots as SVG texts: bars with their spread, latency by percentile, measurements over time. Nothing is
 * loaded and nothing runs; colours come from the page's style sheet.
 */
import { shown } from './figure.ts'
import type { LatencyFigures, Series, Spread } from './report.ts'

/** One bar. `kind` is a class of the style sheet. */
export interface Bar {
  readonly label: string
  readonly kind: 'ours' | 'bound' | 'peer' | 'other'
  readonly spread: Spread
}

export interface Curve {
  readonly label: string
  readonly latency: LatencyFigures
}

const width = 760
const labelWidth = 230
const valueWidth = 90
const barHeight = 22

/** Medians as bars, smallest to largest as a line across their ends. */
export function barPlot(bars: readonly Bar[]): string {
  const largest = Math.max(...bars.map(({ spread }) => spread.max), Number.MIN_VALUE)
  const room = width - labelWidth - valueWidth
  const at = (value: number): number => labelWidth + (Math.max(0, value) / largest) * room
  const rows = bars.map(({ label, kind, spread }, i) => {
    const y = i * barHeight
    const middle = y + barHeight / 2
    const { median, min, max } = spread
    return [
      `<text class="label" x="${labelWidth - 8}" y="${middle + 4}">${escaped(shortLabel(label))}</text>`,
      `<rect class="${kind}" x="${labelWidth}" y="${y + 4}" width="${num(at(median) - labelWidth)}" height="${barHeight - 8}"/>`,
      `<path class="whisker" d="M${num(at(min))} ${middle}H${num(at(max))}M${num(at(min))} ${middle - 4}v8M${num(at(max))} ${middle - 4}v8"/>`,
      `<text class="value" x="${num(at(max) + 6)}" y="${middle + 4}">${shown(median)}</text>`,
    ].join('')
  })
  return svg(bars.length * barHeight + 4, rows)
}

const plotHeight = 180
const left = 60
/** Room for the names of curves. */
const right = 110
const bottom = 24

/** Latency against percentile, both logarithmic: each step to the right is ten times rarer. */
export function latencyPlot(curves: readonly Curve[]): string {
  const points = curves.map(({ latency }) =>
    latency.curve.filter(([percent, ms]) => percent < 100 && ms > 0),
  )
  const all = points.flat().map(([, ms]) => ms)
  if (all.length === 0) return ''
  const y = logScale(Math.min(...all), Math.max(...all), plotHeight - bottom, 8)
  const x = (percent: number): number =>
    left + (Math.log10(100 / (100 - percent)) / 5) * (width - left - right)
  const lines = points.map((curve, i) =>
    path(
      curve.map(([percent, ms]) => [x(percent), y.at(ms)]),
      `curve c${i % 6}`,
    ),
  )
  const names = (curves.length > 1 ? curves : []).map(({ label }, i) => {
    const [percent, ms] = points[i]?.at(-1) ?? [0, 1]
    return `<text class="name c${i % 6}" x="${num(x(percent) + 6)}" y="${num(y.at(ms) + 4 + spreadOut(i))}">${escaped(label)}</text>`
  })
  const ticks = [50, 90, 99, 99.9, 99.99].map(
    (percent) =>
      `<text class="tick" x="${num(x(percent))}" y="${plotHeight - 6}">p${percent}</text><path class="grid" d="M${num(x(percent))} 8V${plotHeight - bottom}"/>`,
  )
  return svg(plotHeight, [...ticks, ...y.ticks, ...lines, ...names])
}

/** Measurements over seconds, from zero up. */
export function seriesPlot({ times, values }: Series): string {
  const last = Math.max(...times, 1)
  const top = Math.max(...values, Number.MIN_VALUE)
  const x = (ms: number): number => left + (ms / last) * (width - left - right)
  const y = (value: number): number =>
    plotHeight - bottom - (value / top) * (plotHeight - bottom - 12)
  const line = path(
    values.map((value, i) => [x(times[i] ?? 0), y(value)]),
    'curve c0',
  )
  const ticks = [0, 0.5, 1].flatMap((share) => [
    `<text class="tick y" x="${left - 6}" y="${num(y(top * share) + 4)}">${shown(top * share)}</text>`,
    `<path class="grid" d="M${left} ${num(y(top * share))}H${width - right}"/>`,
    `<text class="tick" x="${num(x(last * share))}" y="${plotHeight - 6}">${shown((last * share) / 1_000)} s</text>`,
  ])
  return svg(plotHeight, [...ticks, line])
}

/** Labels of lines that end side by side must not lie on each other. */
function spreadOut(i: number): number {
  return (i % 3) * 12 - 12
}

interface Scale {
  at(value: number): number
  readonly ticks: readonly string[]
}

function logScale(min: number, max: number, from: number, to: number): Scale {
  const low = Math.floor(Math.log10(min))
  const high = Math.max(low + 1, Math.ceil(Math.log10(max)))
  const at = (value: number): number =>
    from + ((Math.log10(value) - low) / (high - low)) * (to - from)
  const powers = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i))
  const ticks = powers.map(
    (value) =>
      `<text class="tick y" x="${left - 6}" y="${num(at(value) + 4)}">${msText(value)}</text><path class="grid" d="M${left} ${num(at(value))}H${width - right}"/>`,
  )
  return { at, ticks }
}

function msText(ms: number): string {
  if (ms >= 1_000) return `${ms / 1_000} s`
  return ms >= 1 ? `${ms} ms` : `${Number((ms * 1_000).toPrecision(1))} µs`
}

function path(points: readonly (readonly [number, number])[], kind: string): string {
  return `<path class="${kind}" d="M${points.map(([x, y]) => `${num(x)} ${num(y)}`).join('L')}"/>`
}

function svg(height: number, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${width} ${height}" role="img">${parts.join('')}</svg>`
}

function num(value: number): string {
  return Number.isFinite(value) ? value.toFixed(1) : '0'
}

function shortLabel(label: string): string {
  return label.length > 34 ? `${label.slice(0, 33)}…` : label
}

export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
