/** `troupe dev`: a real process, real files, and a state that is still there afterwards. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { parseDevOptions } from '../../runtime/cli/dev-options.ts'
import { run } from '../../runtime/cli/run.ts'
import { SourceWatch } from '../../runtime/cli/source-watch.ts'
import { read, root } from '../house/repository.ts'

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function temp(): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-dev-'))
  folders.push(folder)
  return folder
}

/** A counter whose step is in a file of its own. */
function writeApp(folder: string): void {
  mkdirSync(join(folder, 'lib'), { recursive: true })
  writeStep(folder, 'export const step = 1')
  const troupe = pathToFileURL(join(root, 'runtime/index.ts')).href
  writeFileSync(
    join(folder, 'app.mts'),
    `import { actor, app, contract, message, stream } from '${troupe}'
import { step } from './lib/step.mts'
export const Counter = contract('counter', {
  add: message<void, number>(),
  fail: message(),
  upTo: stream<number, number, string>(),
})
const counter = actor(Counter, {
  durable: true,
  state: () => ({ count: 0 }),
  retry: { attempts: 1 },
  on: {
    add(ctx) {
      ctx.log.info('adding', { step })
      return (ctx.state.count += step)
    },
    fail() {
      throw new Error('as told')
    },
    *upTo(_ctx, n) {
      for (let i = 1; i <= n; i += 1) yield i
      return 'there'
    },
  },
})
export default app(import.meta.url, { actors: [counter] })
`,
  )
}

function writeStep(folder: string, text: string): void {
  writeFileSync(join(folder, 'lib/step.mts'), `${text}\n`)
}

/** A running `troupe dev`, talked to over its streams. */
class Dev {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  output = ''
  #read = 0
  #wake: () => void = () => undefined

  constructor(folder: string, ...args: string[]) {
    const cli = join(root, 'runtime/cli/main.ts')
    const env = { ...process.env }
    // A child of a test must not report to the test runner in its own protocol.
    delete env['NODE_TEST_CONTEXT']
    this.child = spawn(process.execPath, [cli, 'dev', 'app.mts', ...args], { cwd: folder, env })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk) => {
        this.output += String(chunk)
        this.#wake()
      })
    }
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code) => {
        resolve(code)
        this.#wake()
      })
    })
  }

  /** Resolves to the first match after what was matched before. */
  async sees(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.output.slice(this.#read))
      if (found !== null) {
        this.#read += found.index + found[0].length
        return found[0]
      }
      if (this.child.exitCode !== null) {
        assert.fail(`ended without ${pattern}:\n${this.output}`)
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  type(line: string): void {
    this.child.stdin?.write(`${line}\n`)
  }
}

test('dev: a change of an imported file starts the app again with its durable state', async () => {
  const folder = temp()
  writeApp(folder)
  const dev = new Dev(folder, '--workers', '1', '--store', 'state/dev.db')
  await dev.sees(/^up counter; store state\/dev\.db$/m)
  dev.type('counter/a add')
  await dev.sees(/^info actor=counter\/a adding step=1$/m)
  await dev.sees(/^= 1$/m)

  writeStep(folder, 'export const step = 10')
  await dev.sees(/^closed drained, 0 in the store$/m)
  await dev.sees(/^troupe dev: lib\/step\.mts changed, starting again$/m)
  await dev.sees(/^up counter/m)
  dev.type('counter/a add')
  await dev.sees(/^= 11$/m)

  dev.child.kill('SIGINT')
  await dev.sees(/^closed drained/m)
  assert.equal(await dev.ended, 0)
  assert.equal(dev.output.match(/^closed/gm)?.length, 2, 'once for each start')
})

test('dev: code that does not load is told with its place, and mended by the next change', async () => {
  const folder = temp()
  writeApp(folder)
  writeStep(folder, 'export const step = nowhere')
  const dev = new Dev(folder, '--workers', '1', '--store', 'memory')
  await dev.sees(/ReferenceError: nowhere is not defined[\s\S]*step\.mts/)
  await dev.sees(/^troupe dev: the app ended with 1; waiting for a change$/m)
  writeStep(folder, 'export const step = 2')
  await dev.sees(/^up counter; store memory$/m)
  dev.type('counter/a add')
  await dev.sees(/^= 2$/m)
  dev.child.kill('SIGTERM')
  assert.equal(await dev.ended, 0)
})

test('dev: events, failures, streams and misspelt lines are one line each', async () => {
  const folder = temp()
  writeApp(folder)
  const dev = new Dev(folder, '--workers', '0', '--store', 'memory')
  await dev.sees(/^up counter/m)
  dev.type('counter/a fail')
  await dev.sees(/^actor-started actor=counter\/a$/m)
  await dev.sees(/^turn-failed actor=counter\/a message=fail .*error="Error: as told"$/m)
  await dev.sees(/^! .*\[ACTOR_FAILED\]$/m)
  dev.type('counter/a upTo 3')
  await dev.sees(/^= \{ items: \[ 1, 2, 3 \], reply: 'there' \}$/m)
  dev.type('counter/a ad')
  await dev.sees(/^! no message of counter "ad"; did you mean "add"\? \[OPTION_INVALID\]$/m)
  dev.type('counter/a add {')
  await dev.sees(/^! the payload is no JSON/m)
  dev.child.kill('SIGINT')
  assert.equal(await dev.ended, 0)
})

test('dev: the child does not outlive its parent', async () => {
  const folder = temp()
  writeApp(folder)
  const dev = new Dev(folder, '--workers', '0', '--store', 'memory')
  await dev.sees(/^up counter/m)
  // Its output stays open until the last process that holds it is gone: that is `close`.
  dev.child.kill('SIGKILL')
  assert.equal(await dev.ended, null)
})

test('dev: options are checked, with the nearest name', async () => {
  assert.equal(parseDevOptions(['--help']), 'help')
  const file = join(root, 'package.json')
  const wrong: [string[], RegExp][] = [
    [[], /APP is missing/],
    [[file, file], /unexpected argument/],
    [[file, '--stroe', 'x'], /did you mean "--store"/],
    [[file, '--workers', 'many'], /from 0 to 256/],
    [[file, '--watch', file], /must be a folder/],
    [['nowhere.ts'], /is no file/],
  ]
  for (const [args, message] of wrong) {
    assert.throws(() => parseDevOptions(args), { code: 'OPTION_INVALID', message })
  }
  let said = ''
  const terminal = { stdout: { write: (text: string) => (said += text) }, stderr: process.stderr }
  assert.equal(await run(['dev', '--help'], terminal), 0)
  assert.match(said, /^usage: troupe dev APP/)
  assert.ok(read('docs/debugging.md').includes(said), 'docs/debugging.md shows this help')
})

test('watch: what changed is told once, in a burst, new folders included', async () => {
  const folder = temp()
  mkdirSync(join(folder, 'node_modules'))
  writeFileSync(join(folder, 'a.ts'), '1')
  const watch = new SourceWatch([folder])
  try {
    writeFileSync(join(folder, 'node_modules/x.js'), '1')
    writeFileSync(join(folder, 'notes.txt'), '1')
    mkdirSync(join(folder, 'new/deep'), { recursive: true })
    writeFileSync(join(folder, 'new/deep/b.ts'), '1')
    writeFileSync(join(folder, 'a.ts'), '22')
    assert.deepEqual(await watch.next(), [join(folder, 'a.ts'), join(folder, 'new/deep/b.ts')])
    rmSync(join(folder, 'a.ts'))
    assert.deepEqual(await watch.next(), [join(folder, 'a.ts')])
  } finally {
    watch.close()
  }
})
