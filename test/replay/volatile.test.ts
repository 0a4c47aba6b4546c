/** A volatile actor that was recorded in full is run again from its start (R1, R2). */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import { createSystem, type System } from '../../runtime/index.ts'
import { type RerunOptions, rerun } from '../../runtime/replay/rerun.ts'
import { temporaryFolder } from './bank.ts'
import { troupe } from './cli.ts'
import volatileApp, { Counter, counter, other, outside } from './volatile.app.ts'

async function written(t: TestContext, work: (system: System) => Promise<void>): Promise<string> {
  const file = join(temporaryFolder(t), 'v.db')
  const options = { store: file, workers: 0, log: () => undefined }
  const system = await createSystem(volatileApp, options)
  await work(system)
  await system.quiet()
  await system.close()
  outside.calls = 0
  return file
}

async function everything(system: System): Promise<void> {
  const { ask, tell } = system.ref(Counter, 'c')
  assert.equal(await ask.add(1), 101)
  assert.equal(await ask.look('a'), 'yes 1 101')
  assert.equal(await ask.askOther(4), 109)
  tell.later('put aside')
  tell.open()
  assert.equal(await ask.look('b'), 'yes 3 109')
  await ask.chance()
  await assert.rejects(ask.fail(), /as it was told/)
  assert.equal(await ask.add(1), 101)
  tell.add(1)
}

const again = async (
  t: TestContext,
  file: string,
  code = volatileApp,
  options: RerunOptions = {},
) => {
  const { reader, close } = openRecording(file)
  t.after(close)
  return await rerun(reader, code as never, options)
}

/** Today's code with one handler changed. */
function changed(name: string, handler: (ctx: never, payload: never) => unknown) {
  const on = new Map(counter.on).set(name, handler as never)
  return app(import.meta.url, { actors: [{ ...counter, on }, other] })
}

test('R2: unchanged code answers what it answered, calls what it called and fails as it failed', async (t) => {
  const file = await written(t, everything)
  const report = await again(t, file)
  assert.deepEqual(report.divergences, [])
  assert.deepEqual(report.unstarted, [])
  assert.equal(report.turns, 11, 'one that was put aside was taken twice')
  assert.equal(outside.calls, 0, 'R1: nothing outside was called')
  const { code, stdout } = await troupe(['rerun', file])
  assert.equal(code, 0, stdout)
})

test('R2: the first answer, error or call that is another is told with both sides', async (t) => {
  const file = await written(t, everything)
  const first = async (code: ReturnType<typeof changed>) => {
    const { divergences } = await again(t, file, code)
    assert.equal(divergences.length, 1)
    return divergences[0]
  }
  const answer = await first(
    changed('add', (ctx: { state: { sum: number } }, n: number) => {
      ctx.state.sum += n + 1
      return ctx.state.sum
    }) as never,
  )
  assert.deepEqual([answer?.turn, answer?.name], [1, 'add'])
  const sides = { recorded: { value: 101 }, rerun: { value: 102 } }
  assert.deepEqual(answer?.cause, { kind: 'difference', what: 'reply', path: '', ...sides })
  const call = await first(
    changed('look', (ctx: { effect: (...args: unknown[]) => unknown }) =>
      ctx.effect('look elsewhere', 'a', () => assert.fail('R1: live')),
    ),
  )
  assert.deepEqual(call?.cause, { kind: 'new-step', name: 'look elsewhere' })
  const missing = await first(changed('look', () => 'yes 1 101'))
  assert.deepEqual(missing?.cause, { kind: 'missing-step', key: 'look up' })
  const throws = await first(changed('chance', () => assert.fail('now')))
  assert.equal(throws?.cause.kind, 'threw')
  const fine = await first(changed('fail', () => undefined))
  assert.ok(fine?.cause.kind === 'difference' && fine.cause.what === 'error')
})

test('R2: each start is a beginning: after a failure and in the next process', async (t) => {
  const file = await written(t, everything)
  const options = { store: file, workers: 0, log: () => undefined }
  const system = await createSystem(volatileApp, options)
  assert.equal(await system.ref(Counter, 'c').ask.add(5), 105)
  await system.close()
  const report = await again(t, file)
  assert.deepEqual([report.divergences, report.turns], [[], 12])
})

test('rerun: headers alone, and a history without the start, cannot be run again and are no difference', async (t) => {
  const file = await written(t, everything)
  const headers = actor(Counter, { ...counter.behavior, record: 'headers' } as never)
  const report = await again(t, file, app(import.meta.url, { actors: [headers, other] }) as never)
  assert.deepEqual([report.turns, report.divergences], [0, []])
})
