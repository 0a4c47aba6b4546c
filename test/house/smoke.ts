/**
 * Installs the packed package where nothing else is, and runs the README's smallest program.
 *
 * Four times: as TypeScript on Node's own type stripping, as JavaScript built by the compiler (which
 * also reads the shipped declarations without mercy), from a CommonJS file, and bundled by the recipe
 * of docs/bundling.md where no troupe is installed. Not a test file: it needs a tarball and the
 * registry, so the continuous integration runs it.
 *
 *     node test/house/smoke.ts [troupe-1.2.3.tgz]
 *
 * The program is what the README names `file=app.ts` and `file=main.ts`; the `text output` block
 * after them is what every way of running it must print.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { outputPattern } from './docs-run.ts'
import { type Block, blocksOf } from './markdown.ts'
import { manifest, read, root } from './repository.ts'
import { toCommonJs } from './to-commonjs.ts'

interface Program {
  readonly app: string
  readonly main: string
  readonly output: string
}

/** Packages that a bundle leaves outside; docs/bundling.md says why. */
const outsideBundle = ['better-sqlite3', 'piscina']

main(process.argv[2])

function main(given: string | undefined): void {
  const work = mkdtempSync(join(tmpdir(), 'troupe-smoke-'))
  try {
    const tarball = given === undefined ? pack(work) : resolve(given)
    const program = readProgram()
    asTypeScript(project(work, 'typescript', tarball), program)
    asJavaScript(project(work, 'javascript', tarball), program)
    fromCommonJs(project(work, 'commonjs', tarball), program)
    const outside = outsideBundle.map((name) => `${name}@${installedVersion(name)}`)
    const bundler = `esbuild@${installedVersion('esbuild')}`
    const bundle = project(work, 'bundle', tarball, bundler)
    asBundle(bundle, project(work, 'bundle-alone', ...outside), program)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function asTypeScript(folder: string, { app, main, output }: Program): void {
  write(folder, { 'app.ts': app, 'main.ts': main })
  expectOutput('TypeScript, types stripped by Node', folder, ['main.ts'], output)
}

/** No `skipLibCheck` and no types but Node's: the declarations must stand on their own. */
function asJavaScript(folder: string, { app, main, output }: Program): void {
  const compilerOptions = {
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    outDir: 'out',
    rootDir: '.',
  }
  const config = JSON.stringify({ compilerOptions, files: ['main.ts'] })
  write(folder, { 'app.ts': app, 'main.ts': main, 'tsconfig.json': config })
  run(folder, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'])
  expectOutput('JavaScript, built by tsc', folder, ['out/main.js'], output)
}

function fromCommonJs(folder: string, { app, main, output }: Program): void {
  write(folder, { 'app.ts': app, 'main.cjs': toCommonJs(main) })
  expectOutput('a CommonJS file', folder, ['main.cjs'], output)
}

/** Built where troupe is installed, run where it is not. */
function asBundle(folder: string, alone: string, program: Program): void {
  const recipe = namedBlocks('docs/bundling.md')
  write(folder, { 'app.ts': program.app, ...recipe })
  for (const needed of ['main.ts', 'build.mjs']) {
    if (recipe[needed] === undefined) throw new Error(`docs/bundling.md names no file=${needed}`)
  }
  run(folder, ['build.mjs'])
  cpSync(join(folder, 'out'), join(alone, 'out'), { recursive: true })
  if (existsSync(join(alone, 'node_modules/troupe'))) throw new Error('troupe must not be there')
  expectOutput('a bundle, without troupe installed', alone, ['out/main.js'], program.output)
}

function readProgram(): Program {
  const path = 'README.md'
  const blocks = existsSync(join(root, path)) ? blocksOf(path, read(path)) : []
  const app = blocks.find(({ attributes }) => attributes['file'] === 'app.ts')
  const main = blocks.find(({ attributes }) => attributes['file'] === 'main.ts')
  const output = blocks.slice(main === undefined ? 0 : blocks.indexOf(main)).find(isOutput)
  if (app === undefined || main === undefined || output === undefined) {
    throw new Error(
      'README.md must hold the smallest program: blocks `ts file=app.ts`, `ts file=main.ts` and then `text output`',
    )
  }
  return { app: app.text, main: main.text, output: output.text }
}

function isOutput({ language, attributes }: Block): boolean {
  return language === 'text' && attributes['output'] !== undefined
}

function namedBlocks(page: string): Record<string, string> {
  const named = blocksOf(page, read(page)).filter(({ attributes }) => attributes['file'])
  return Object.fromEntries(named.map((block) => [block.attributes['file'], block.text]))
}

function pack(folder: string): string {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const packed = JSON.parse(npm(root, args)) as readonly { readonly filename: string }[]
  return join(folder, packed[0]?.filename ?? '')
}

/** An empty project with packages installed as a user would. */
function project(work: string, name: string, ...packages: string[]): string {
  const folder = join(work, name)
  mkdirSync(folder, { recursive: true })
  write(folder, { 'package.json': '{ "name": "smoke", "private": true, "type": "module" }\n' })
  npm(folder, ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages])
  return folder
}

function installedVersion(name: string): string {
  return (JSON.parse(read(`node_modules/${name}/package.json`)) as { version: string }).version
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
}

function expectOutput(what: string, cwd: string, args: string[], expected: string): void {
  const output = run(cwd, args)
  if (!outputPattern(expected).test(output.trimEnd())) {
    throw new Error(`${what}: expected\n${expected}got\n${output}`)
  }
  process.stdout.write(`smoke: ${what}: ok (${manifest().name} ${manifest().version})\n`)
}

function run(cwd: string, args: readonly string[]): string {
  return spawned(process.execPath, args, cwd)
}

function npm(cwd: string, args: readonly string[]): string {
  return spawned('npm', args, cwd)
}

function spawned(program: string, args: readonly string[], cwd: string): string {
  const options = { cwd, encoding: 'utf8', timeout: 180_000 } as const
  const { status, signal, stdout, stderr } = spawnSync(program, args, options)
  if (status === 0) return stdout
  throw new Error(
    `${[program, ...args].join(' ')} ended with ${signal ?? status}\n${stdout}${stderr}`,
  )
}
