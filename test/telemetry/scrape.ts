/** Prometheus text taken apart, strictly: a line that is none is an error. */
import assert from 'node:assert/strict'

export type Scrape = ReadonlyMap<string, number>

const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^}]*\})? (\S+)$/

/** Values by name and labels, as they are written. */
export function parsed(text: string): Scrape {
  const values = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# ')) continue
    const [, name, labels = '', value] = sample.exec(line) ?? assert.fail(`no sample: ${line}`)
    assert.ok(!values.has(name + labels), `twice: ${line}`)
    values.set(name + labels, Number(value))
  }
  return values
}

/** The names of what only grows: counters, buckets, sums and counts of histograms. */
export function growing(scrape: Scrape): string[] {
  return [...scrape.keys()].filter((key) => /(_total|_bucket|_sum|_count)(\{|$)/.test(key))
}
