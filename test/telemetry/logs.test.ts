/** Log lines of all threads in one sink. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { TurnLog } from '../../actors/cell/log.ts'
import { logRanks } from '../../actors/cell/ports.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { LogPost } from '../../runtime/host/log-post.ts'
import { createSystem } from '../../runtime/main/create-system.ts'
import type { System } from '../../runtime/main/system.ts'
import { openRecording, rerun } from '../../runtime/replay/index.ts'
import type { LogOptions } from '../../runtime/telemetry/logs/options.ts'
import { createTestSystem } from '../../runtime/testing/index.ts'
import type { Report } from '../../runtime/wire/host-control.ts'
import { LogCredit } from '../../runtime/wire/log-credit.ts'
import { eventOf, fileOf, folderOf, keyOn } from '../system/support.ts'
import logs, { Book, Clerk } from './logs.app.ts'

interface Written {
  readonly level: number
  readonly time: number
  readonly msg: string
  readonly actor?: { readonly type: string; readonly key: string }
  readonly message?: { readonly id: string; readonly name: string }
  readonly turn?: { readonly attempt: number; readonly position?: number }
  readonly trace_id?: string
  readonly span_id?: string
  readonly fields?: Readonly<Record<string, unknown>>
}

const linesOf = (text: string): Written[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Written)

/** A stream that keeps what is written to it. */
function kept(): { stream: Writable; lines: () => Written[] } {
  let text = ''
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk
      done()
    },
  })
  return { stream, lines: () => linesOf(text) }
}

async function systemThatLogs(
  t: TestContext,
  options: LogOptions,
  more: { readonly workers?: number; readonly store?: string } = {},
): Promise<System> {
  const system = await createSystem(logs, {
    workers: 0,
    store: 'memory',
    telemetry: { logs: options, metrics: {} },
    ...more,
  })
  t.after(() => system.close())
  return system
}

test('logs and F4: lines of two threads go through one sink, with their turns; the last words of a thread too', async (t) => {
  const file = join(folderOf(t), 'deep', 'app.log')
  const secret = join(folderOf(t), 'secret')
  writeFileSync(secret, 'open-sesame\n')
  const redact = { paths: ['fields.password'], secrets: [{ file: secret }] }
  const system = await systemThatLogs(t, { destination: file, redact }, { workers: 2 })
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  for (const slot of [0, 1]) {
    const who = system.ref(Clerk, keyOn(slot, 'clerk'))
    const note = { text: `slot ${slot} knows open-sesame`, password: 'hunter2' }
    await who.deliver.note(note, { id: `note-${slot}`, trace })
    who.tell.whisper('not heard')
  }
  await system.ref(Book, 'b').deliver.stumble()
  await system.quiet()
  const isBack = eventOf(system, 'host-started', ({ slot }) => slot === 1)
  system.ref(Clerk, keyOn(1, 'clerk')).tell.lastWords('farewell')
  await isBack
  await system.close()

  const written = linesOf(readFileSync(file, 'utf8'))
  const notes = written.filter(({ msg }) => msg.includes('knows'))
  assert.deepEqual(
    notes.map(({ level, time, ...line }) => {
      assert.equal(level, 30)
      assert.ok(Math.abs(time - Date.now()) < 600_000)
      const { pid, hostname, ...rest } = line as typeof line & { pid: unknown; hostname: unknown }
      return rest
    }),
    [0, 1].map((slot) => ({
      actor: { type: 'clerk', key: keyOn(slot, 'clerk') },
      message: { id: `note-${slot}`, name: 'note' },
      turn: { attempt: 1 },
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      span_id: 'b7ad6b7169203331',
      fields: { password: '[redacted]' },
      msg: `slot ${slot} knows [redacted]`,
    })),
  )
  assert.ok(!written.some(({ msg }) => msg === 'not heard'), 'below the level')
  const stumbles = written.filter(({ msg }) => msg === 'stumbles')
  assert.deepEqual(
    stumbles.map(({ turn }) => turn?.attempt),
    [1, 2],
  )
  assert.equal(stumbles[0]?.message?.id, stumbles[1]?.message?.id)
  assert.ok((stumbles[0]?.turn?.position ?? 0) > 0, 'where its message stands in the history')
  const last = written.find(({ msg }) => msg === 'farewell')
  assert.equal(last?.level, 50, 'no field of a handler passes for the level of its line')
  assert.deepEqual(last?.fields, { level: 10, time: 0 })
  assert.ok(written.some(({ msg }) => msg.includes('died and is replaced')))
  assert.match(await system.metrics(), /^troupe_log_lines_total\{level="error"\} 2$/m)
})

test('logs: a turn that was committed is not written of again after a restart', async (t) => {
  const store = fileOf(t)
  const { stream, lines } = kept()
  for (const n of [1, 2]) {
    const system = await systemThatLogs(t, { destination: stream }, { store })
    await system.ref(Book, 'b').ask.add(n)
    await system.close()
  }
  assert.deepEqual(
    lines().map(({ msg, fields }) => [msg, fields]),
    [
      ['added', { n: 1, sum: 1 }],
      ['added', { n: 2, sum: 3 }],
    ],
  )
})

test('R1: a turn that is run again from its record writes no line, and nobody looks at its fields', async (t) => {
  let looked = 0
  const One = contract('one', { say: message<void, number>() })
  const one = actor(One, {
    durable: true,
    state: () => ({ said: 0 }),
    on: {
      say(ctx) {
        ctx.log.error('said', {
          get times() {
            looked += 1
            return looked
          },
        })
        ctx.state.said += 1
        return ctx.state.said
      },
    },
  })
  const only = app(import.meta.url, { actors: [one] })
  const store = fileOf(t)
  const { stream, lines } = kept()
  const system = await createSystem(only, {
    workers: 0,
    store,
    telemetry: { logs: { destination: stream } },
  })
  await system.ref(One, 'a').ask.say()
  await system.close()
  assert.equal(lines().length, 1)
  const before = looked
  assert.ok(before > 0)
  const { reader, close } = openRecording(store)
  t.after(close)
  const report = await rerun(reader, only)
  assert.equal(report.turns, 1)
  assert.equal(looked, before)
  assert.equal(lines().length, 1)
})

/** A turn on a thread that wants lines from `rank` on. */
function speakerOf(rank: number, said: string[] = []) {
  const host = { logRank: rank, log: (level: string) => void said.push(level) }
  return { cell: { id: 'a/b' }, host, envelope: undefined, attempt: 1, trace: undefined } as never
}

test('logs: a line below the level makes nothing, and nobody looks at what it was given', () => {
  const said: string[] = []
  const log = new TurnLog(speakerOf(logRanks.warn, said))
  const trap = new Proxy(
    {},
    { get: () => assert.fail('looked'), ownKeys: () => assert.fail('looked') },
  )
  log.info(trap, trap)
  log.warn('heard')
  assert.deepEqual(said, ['warn'])
  const fields = { a: 1 }
  const grown = Array.from({ length: 60 }, () => {
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 10_000; i += 1) log.debug('not heard', fields)
    return process.memoryUsage().heapUsed - before
  })
  // A collection in between makes one look smaller. An object for each line would be 160 KB or more.
  const median = grown.toSorted((a, b) => a - b)[30] as number
  assert.ok(median < 40_000, `${median} bytes for 10,000 lines`)
})

test('logs: a turn has one log, made when it is used', async (t) => {
  const One = contract('one', { say: message<void, boolean>() })
  const one = actor(One, {
    on: {
      say(ctx) {
        const { log } = ctx
        return log === ctx.log
      },
    },
  })
  const system = await createTestSystem(app(import.meta.url, { actors: [one] }))
  t.after(() => system.close())
  assert.equal(await system.ref(One, 'a').ask.say(), true)
})

test('M5: lines that come faster than the main thread takes them in are dropped, counted and told of', () => {
  const posted: Report[] = []
  const main = new LogCredit()
  const post = new LogPost({ postMessage: (report) => posted.push(report) }, main.shared, () => 7)
  const long = 'x'.repeat(400_000)
  for (let i = 0; i < 10; i += 1) post.add('info', 'a/b', long)
  const inTime = posted.length
  assert.ok(inTime < 10 && inTime > 1, `${inTime} of 10 had room`)
  for (const report of posted) if (report.kind === 'log') main.taken(report.cost)
  post.add('info', 'a/b', 'after')
  assert.deepEqual(
    posted.slice(inTime).map((report) => (report.kind === 'log' ? report.message : report)),
    [{ kind: 'lines-dropped', count: 10 - inTime }, 'after'],
  )
  const huge = long.repeat(20)
  post.add('info', 'a/b', huge)
  post.tellDropped()
  assert.deepEqual(posted.at(-1), { kind: 'lines-dropped', count: 1 })
  const after = posted.find((report) => report.kind === 'log' && report.message === 'after')
  main.taken((after as { cost: number }).cost)
  post.add('info', 'a/b', huge)
  assert.equal((posted.at(-1) as { message: string }).message, huge, 'one line always has room')
})

test('logs: a stream that does not take what is written gets no more, and is told later how much', async (t) => {
  const taken: string[] = []
  const slow = { writableLength: 0, write: (line: string) => taken.push(line) }
  const system = await systemThatLogs(t, { destination: slow })
  const clerk = system.ref(Clerk, 'a')
  slow.writableLength = 17 * 1024 * 1024
  for (const text of ['one', 'two']) clerk.tell.note({ text })
  await system.quiet()
  slow.writableLength = 0
  clerk.tell.note({ text: 'three' })
  await system.quiet()
  assert.deepEqual(
    linesOf(taken.join('')).map(({ msg }) => msg),
    ['2 log lines of all threads were dropped', 'three'],
  )
  assert.match(await system.metrics(), /^troupe_log_lines_dropped_total 2$/m)
})

test('logs: a pino of the user is written to, at its own level', async (t) => {
  const { stream, lines } = kept()
  const logger = pino({ level: 'debug', base: { service: 'desk' } }, stream)
  const system = await systemThatLogs(t, { logger })
  system.ref(Clerk, 'a').tell.whisper('heard')
  await system.quiet()
  const [line] = lines() as [Written & { service: string }]
  assert.equal(line.msg, 'heard')
  assert.equal(line.service, 'desk')
  assert.deepEqual(line.actor, { type: 'clerk', key: 'a' })
})

test('logs: options that make no sense are refused before anything starts, and no secret is quoted', async (t) => {
  const short = join(folderOf(t), 'short')
  writeFileSync(short, 'abc')
  const refused = async (telemetry: unknown, pattern: RegExp, more: object = {}): Promise<void> => {
    const options = { store: 'memory', workers: 0, telemetry, ...more }
    await assert.rejects(
      createSystem(logs, options as never),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'OPTION_INVALID')
        assert.match(error.message, pattern)
        assert.doesNotMatch(error.message, /\babc\b/)
        return true
      },
    )
  }
  await refused({ logs: { level: 'trace' } }, /level/)
  await refused({ logs: { destination: {} } }, /stream/)
  await refused({ logs: { destination: '/dev/null/x/app.log' } }, /destination/)
  await refused({ logs: { redact: { paths: ['a..b['] } } }, /redact/)
  await refused(
    { logs: { redact: { secrets: [{ env: 'NO_SUCH_VARIABLE' }] } } },
    /NO_SUCH_VARIABLE/,
  )
  await refused({ logs: { redact: { secrets: [{ file: short }] } } }, /3 characters/)
  await refused({ logs: { redact: { secrets: ['plain'] } } }, /env: NAME/)
  await refused({ logs: { logger: pino(), level: 'info' } }, /"level" does not go with "logger"/)
  await refused({ logs: {} }, /one of them/, { log: () => undefined })
})
