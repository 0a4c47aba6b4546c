/**
 * Does what a page says: runs its marked modules and its commands, compares the outputs it shows,
 * reads its data.
 *
 * Programs run in a temporary folder that holds the page's project, with our name resolved to the
 * sources. Commands that install, test or publish are not run here but must name what exists; the
 * continuous integration runs them.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { type Page, type Step, sourceOf } from './docs.ts'
import { fromSources } from './from-sources.ts'
import { manifest, root } from './repository.ts'

/** Milliseconds that a program of a page may take. */
const patience = 60_000

/** Does every step of a page in order; resolves to what went wrong: `page:line: message`. */
export async function runPage(page: Page): Promise<string[]> {
  const work = new PageRun(page)
  try {
    const problems: string[] = []
    for (const step of page.steps) {
      const problem = await work.do(step)
      if (problem !== undefined) {
        problems.push(`${step.block.page}:${step.block.line}: ${problem}`)
      }
    }
    return problems
  } finally {
    work.close()
  }
}

class PageRun {
  readonly #page: Page
  readonly #folder = mkdtempSync(join(tmpdir(), 'troupe-docs-'))
  readonly #database = new Database(':memory:')
  #output: string | undefined

  constructor(page: Page) {
    this.#page = page
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'))
    this.#write('package.json', '{ "name": "a-page", "type": "module" }\n')
    for (const [name, block] of [...page.files, ...page.modules]) this.#write(name, sourceOf(block))
  }

  close(): void {
    this.#database.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async do(step: Step): Promise<string | undefined> {
    const { text } = step.block
    switch (step.kind) {
      case 'run':
        return this.#node([step.file])
      case 'shell':
        return this.#shell(text)
      case 'output':
        return this.#compare(text)
      case 'json':
        return attempt(() => JSON.parse(text))
      case 'sql':
        return attempt(() => this.#database.exec(text))
      default:
        throw step satisfies never
    }
  }

  #write(name: string, text: string): void {
    const path = join(this.#folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }

  async #shell(text: string): Promise<string | undefined> {
    for (const command of commandsOf(text)) {
      const problem = await this.#command(command)
      if (problem !== undefined) return `${command.join(' ')}: ${problem}`
    }
    return undefined
  }

  async #command(words: readonly string[]): Promise<string | undefined> {
    const [program = '', ...args] = words
    switch (program) {
      case 'npm':
        return npmProblem(args)
      case 'node':
        return this.#page.files.has(args[0] ?? '')
          ? this.#node(args)
          : `the page names no file=${args[0]}`
      case 'npx':
        return args[0] === 'troupe'
          ? this.#node([join(root, 'runtime/cli/main.ts'), ...args.slice(1)])
          : 'only `npx troupe` is checked'
      default:
        return `no check for "${program}"; there are node, npm and npx troupe`
    }
  }

  async #node(args: readonly string[]): Promise<string | undefined> {
    const { status, stdout, stderr } = await runNode(args, this.#folder)
    this.#output = stdout
    return status === '0' ? undefined : `ended with ${status}\n${stdout}${stderr}`
  }

  #compare(expected: string): string | undefined {
    if (this.#output === undefined) return 'an output without a program before it'
    if (outputPattern(expected).test(this.#output.trimEnd())) return undefined
    return `expected this output\n${expected}got\n${this.#output}`
  }
}

interface Ended {
  /** The exit code or the signal. */
  readonly status: string
  readonly stdout: string
  readonly stderr: string
}

function runNode(args: readonly string[], cwd: string): Promise<Ended> {
  const env = { ...process.env }
  // A child of a test must not report to the test runner in its own protocol.
  delete env['NODE_TEST_CONTEXT']
  const child = spawn(process.execPath, [...fromSources, ...args], { cwd, env, timeout: patience })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ status: String(signal ?? code), stdout, stderr }))
  })
}

/** The commands of a block as words: lines, `&&`, quotes, comments; no other shell language. */
export function commandsOf(text: string): string[][] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
    .flatMap((line) => line.split('&&'))
    .map((command) => [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(wordOf))
}

function wordOf([, double, single, bare]: RegExpExecArray): string {
  return double ?? single ?? bare ?? ''
}

/** npm is not run, but what it is told must exist: our scripts, our name, packages we know. */
export function npmProblem(args: readonly string[]): string | undefined {
  const { name, scripts, dependencies, devDependencies } = manifest()
  const [verb = '', ...rest] = args
  const words = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : rest.length)
  switch (verb) {
    case 'ci':
      return undefined
    case 'install': {
      const known = [name, ...Object.keys(dependencies), ...Object.keys(devDependencies)]
      const packages = words.filter((word) => !word.startsWith('-'))
      const unknown = packages.find((word) => !known.includes(word))
      return unknown === undefined ? undefined : `the project does not know the package ${unknown}`
    }
    case 'test':
    case 'start':
    case 'run': {
      const script = verb === 'run' ? (words[0] ?? '') : verb
      return script in scripts ? undefined : `package.json has no script "${script}"`
    }
    default:
      return `no check for "npm ${verb}"`
  }
}

/** The output as a pattern: a line of only `…` stands for any lines. */
export function outputPattern(expected: string): RegExp {
  const lines = expected.trimEnd().split('\n')
  const parts = lines.map((line) => (line.trim() === '…' ? '[\\s\\S]*' : escaped(line)))
  return new RegExp(`^${parts.join('\\n')}$`)
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

function attempt(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return String(error)
  }
}
