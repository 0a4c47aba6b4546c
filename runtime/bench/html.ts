/** A report as one page that needs nothing but itself: no script, no font, no address. */
import { shown } from './figure.ts'
import { type Bar, barPlot, type Curve, escaped, latencyPlot, seriesPlot } from './plot.ts'
import type { BenchReport, CaseReport, Figure, GateFigure } from './report.ts'
import { megabytes, titleOf, verdictOf } from './show-figure.ts'

const style = `
:root { color-scheme: light dark; --fg: #1b1f24; --bg: #fff; --soft: #6b7280; --line: #e2e5e9;
  --ours: #2563eb; --bound: #9aa3af; --peer: #d97706; --other: #7aa2f7; --good: #15803d; --bad: #b91c1c; }
@media (prefers-color-scheme: dark) { :root { --fg: #e5e7eb; --bg: #14171b; --soft: #9aa3af; --line: #2b3038;
  --ours: #7aa2f7; --bound: #5b6470; --peer: #e0a458; --other: #3d5fa8; --good: #4ade80; --bad: #f87171; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--fg); background: var(--bg); max-width: 820px;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2.5rem 0 0 }
p, dl { margin: .3rem 0 } .soft, dt, th { color: var(--soft); font-weight: normal }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem } dd { margin: 0 }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
td.n, th.n { text-align: right } .reached { color: var(--good) } .MISSED { color: var(--bad); font-weight: 600 }
svg { width: 100%; height: auto; margin: .6rem 0; font: 12px system-ui, sans-serif }
.label { text-anchor: end; fill: var(--fg) } .value { fill: var(--soft) } .tick { fill: var(--soft); text-anchor: middle }
.tick.y { text-anchor: end } .whisker { stroke: var(--fg); opacity: .55; fill: none } .grid { stroke: var(--line) }
.ours { fill: var(--ours) } .bound { fill: var(--bound) } .peer { fill: var(--peer) } .other { fill: var(--other) }
.curve { fill: none; stroke-width: 1.6 } .c0 { --c: var(--ours) } .c1 { --c: var(--peer) } .c2 { --c: #0d9488 }
.c3 { --c: #9333ea } .c4 { --c: #db2777 } .c5 { --c: var(--bound) } .curve { stroke: var(--c) } .name { fill: var(--c) }
.quick { border-left: 4px solid var(--peer); padding-left: .8rem }
`

/** The whole page as one text. */
export function htmlReport(report: BenchReport): string {
  const gates = report.cases.flatMap((one) => one.gates.map((gate) => ({ name: one.case, gate })))
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    `<title>Benchmarks, ${escaped(report.date)}</title><style>${style}</style></head><body>`,
    '<h1>Benchmarks</h1>',
    head(report),
    report.quick
      ? '<p class="quick">Quick rounds: the cases are correct, the figures mean little.</p>'
      : '',
    gates.length === 0 ? '' : gateTable(gates),
    ...report.cases.map(section),
    '</body></html>\n',
  ].join('\n')
}

function head({ machine, node, versions, date, command }: BenchReport): string {
  const others = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const rows = [
    ['machine', machine],
    ['versions', [`Node ${node}`, ...others].join(', ')],
    ['date', date],
    ['command', command],
  ]
  return `<dl>${rows.map(([name, value]) => `<dt>${name}</dt><dd>${escaped(value ?? '')}</dd>`).join('')}</dl>`
}

function gateTable(gates: readonly { readonly name: string; readonly gate: GateFigure }[]): string {
  const rows = gates.map(({ name, gate }) => {
    const verdict = verdictOf(gate)
    const found = gate.found === undefined ? '–' : shown(gate.found)
    return `<tr><td><a href="#${escaped(name)}">${escaped(name)}</a></td><td>${escaped(gate.text)}</td><td class="n">${found}</td><td class="${verdict}">${verdict}${gate.aim ? ' (aim)' : ''}</td></tr>`
  })
  return `<h2>Gates</h2><table><tr><th>case</th><th>must reach</th><th class="n">found</th><th></th></tr>${rows.join('')}</table>`
}

function section(found: CaseReport): string {
  const { ours, bounds, peers, others, missing, series = [] } = found
  const rows = [ours, ...others, ...bounds, ...peers]
  const curves = rows.flatMap((figure): Curve[] =>
    figure.latency === undefined ? [] : [{ label: figure.name, latency: figure.latency }],
  )
  return [
    `<h2 id="${escaped(found.case)}">${escaped(found.case)}</h2>`,
    `<p>${escaped(found.what)} <span class="soft">(${escaped(found.unit)}, ${found.better} is better)</span></p>`,
    barPlot(barsOf(found)),
    figureTable(rows),
    ...missing.map(
      ({ name, why }) => `<p class="soft">missing: ${escaped(name)} (${escaped(why)})</p>`,
    ),
    curves.length === 0 ? '' : `<p class="soft">Latency by percentile</p>${latencyPlot(curves)}`,
    ...series.map(
      (one) => `<p class="soft">${escaped(one.name)} (${escaped(one.unit)})</p>${seriesPlot(one)}`,
    ),
    `<p class="soft">peak memory ${megabytes(found.peakMemory)}, all contestants together</p>`,
  ].join('\n')
}

function barsOf({ ours, bounds, peers, others }: CaseReport): Bar[] {
  const bar = (kind: Bar['kind']) => (figure: Figure) => ({
    label: titleOf(figure),
    kind,
    spread: figure,
  })
  return [
    bar('ours')(ours),
    ...others.map(bar('other')),
    ...bounds.map(bar('bound')),
    ...peers.map(bar('peer')),
  ]
}

/** A column of the table of figures; one that no row has is left out. */
type Column = readonly [title: string, pick: (figure: Figure) => number | undefined]

const columns: readonly Column[] = Object.freeze([
  ['median', ({ median }) => median],
  ['min', ({ min }) => min],
  ['max', ({ max }) => max],
  ['rounds', ({ n }) => n],
  ['of its bound', ({ toBound }) => toBound?.median],
  ['p50 ms', ({ latency }) => latency?.p50],
  ['p99 ms', ({ latency }) => latency?.p99],
  ['p99.9 ms', ({ latency }) => latency?.p999],
  ['CPU s', ({ usage }) => usage?.cpuSeconds],
  ['GC ms', ({ usage }) => usage?.gcMs],
  ['loop p99 ms', ({ usage }) => usage?.delayP99],
] satisfies Column[])

function figureTable(figures: readonly Figure[]): string {
  const shownColumns = columns.filter(([, pick]) => figures.some((one) => pick(one) !== undefined))
  const titles = shownColumns.map(([title]) => `<th class="n">${title}</th>`)
  const rows = figures.map((figure) => {
    const cells = shownColumns.map(([, pick]) => {
      const value = pick(figure)
      return `<td class="n">${value === undefined ? '' : shown(value)}</td>`
    })
    return `<tr><td>${escaped(titleOf(figure))}</td>${cells.join('')}</tr>${factRow(figure, cells.length + 1)}`
  })
  return `<table><tr><th></th>${titles.join('')}</tr>${rows.join('')}</table>`
}

function factRow({ facts = {} }: Figure, width: number): string {
  const texts = Object.entries(facts).map(([name, value]) => `${escaped(name)} ${shown(value)}`)
  if (texts.length === 0) return ''
  return `<tr><td class="soft" colspan="${width}">${texts.join(' · ')}</td></tr>`
}
