/** The linter really catches what the project relies on it for: a rule that is off says nothing. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { read, root } from './repository.ts'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-lint-'))
  const config = JSON.parse(read('biome.json')) as Record<string, unknown>
  delete config['vcs'] // the scratch folder is no repository
  delete config['$schema']
  writeFileSync(join(folder, 'biome.json'), JSON.stringify(config))
})
after(() => rmSync(folder, { recursive: true, force: true }))

/** What must be found, by rule; `other.ts` exports an async `work` and a ref-like object. */
const wrong: Readonly<Record<string, string>> = {
  'nursery/noFloatingPromises': `import { work } from './other.ts'\nwork()`,
  'nursery/noFloatingPromises (a method of a mapped type)': `import { ref } from './other.ts'\nref.ask.deposit(1)`,
  'nursery/noMisusedPromises': `import { work } from './other.ts'\nif (work()) console.log(1)`,
  'suspicious/noExplicitAny': 'export const a: any = 1',
  'suspicious/noImportCycles': `import { b } from './cycle-b.ts'\nexport const a = () => b`,
  'style/noDefaultExport': 'export default 1',
  'style/noEnum': 'export enum E { A }',
  'performance/noReExportAll': `export * from './other.ts'`,
}

test('lint: each rule the project relies on fires', () => {
  write('other.ts', [
    'type Ask = { readonly [K in "deposit"]: (n: number) => Promise<number> }',
    'export declare const ref: { readonly ask: Ask }',
    'export async function work(): Promise<number> { return 1 }',
  ])
  write('cycle-b.ts', [`import { a } from './case-4.ts'`, 'export const b = () => a'])
  const cases = Object.entries(wrong)
  for (const [index, [, text]] of cases.entries()) write(`case-${index}.ts`, [text])
  const found = lint()
  for (const [index, [rule]] of cases.entries()) {
    const expected = `case-${index}.ts lint/${rule.split(' ')[0]}`
    assert.ok(found.includes(expected), `${rule} did not fire; found ${found.join(', ')}`)
  }
})

function write(name: string, lines: readonly string[]): void {
  writeFileSync(join(folder, name), `${lines.join('\n')}\n`)
}

/** `file rule` for each finding. */
function lint(): string[] {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
  const args = [biome, 'lint', '--max-diagnostics=none', '--colors=off', '.']
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
  return [...`${stdout}${stderr}`.matchAll(/^(\S+\.ts):\d+:\d+ (lint\/\w+\/\w+)/gm)].map(
    ([, file, rule]) => `${file} ${rule}`,
  )
}
