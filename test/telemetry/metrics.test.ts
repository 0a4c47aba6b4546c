/** What a system counts, as Prometheus reads it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { createSystem } from '../../runtime/main/create-system.ts'
import type { System } from '../../runtime/main/system.ts'
import type { TelemetryOptions } from '../../runtime/telemetry/options.ts'
import { eventOf, keyOn, systemOf } from '../system/support.ts'
import app, { Desk, Echo, Ledger } from './desk.app.ts'
import { growing, parsed, type Scrape } from './scrape.ts'

const counted: TelemetryOptions = { metrics: {} }

function systemThatCounts(t: TestContext, workers: number): Promise<System> {
  return systemOf(t, app, { workers, store: 'memory', telemetry: counted })
}

/** Some of everything, on both slots. */
async function work(system: System): Promise<void> {
  for (const slot of [0, 1]) {
    const echo = system.ref(Echo, keyOn(slot, 'echo'))
    await echo.ask.say('hello')
    for (const text of ['a', 'a', 'b']) await echo.ask.look(text)
    echo.tell.crash()
    const ledger = system.ref(Ledger, keyOn(slot, 'ledger'))
    await ledger.ask.add(2)
    await ledger.deliver.fail()
    await system.ref(Desk, keyOn(slot, 'desk')).ask.say('refund please')
  }
  await system.quiet()
}

test('metrics and F4: a system that worked is told as promtool wants it; no death takes a count', async (t) => {
  const system = await systemThatCounts(t, 2)
  await work(system)
  const text = await system.metrics()
  const before = parsed(text)
  countsAll(before)
  promtoolAccepts(text)

  const isBack = eventOf(system, 'host-started', ({ slot }) => slot === 1)
  system.ref(Echo, keyOn(1, 'echo')).tell.exit()
  await isBack
  await system.ref(Echo, keyOn(1, 'echo')).ask.say('again')
  await system.quiet()
  const after = parsed(await system.metrics())
  for (const key of growing(before)) {
    const [was, is] = [before.get(key) as number, after.get(key) ?? -1]
    assert.ok(is >= was, `${key} was ${was} and is ${is}`)
  }
  assert.equal(after.get('troupe_turns_total{actor_type="echo"}'), 12)
  assert.equal(after.get('troupe_host_deaths_total{slot="1"}'), 1)
})

function countsAll(found: Scrape): void {
  const expected = {
    'agent_queries_total{query_type="refund",status="done"}': 2,
    'agent_query_duration_seconds_count{query_type="refund"}': 2,
    agent_active_queries: 0,
    'agent_cache_hits_total{cache_type="twice"}': 2,
    'troupe_cache_misses_total{cache_type="twice"}': 4,
    'troupe_turns_failed_total{actor_type="ledger"}': 4,
    'troupe_turns_total{actor_type="echo"}': 10,
    'troupe_restarts_total{actor_type="echo"}': 2,
    'troupe_dead_letters_total{reason="failed"}': 2,
    'troupe_dead_letters_total{reason="parked"}': 2,
    'troupe_mailbox_depth{lane="normal"}': 0,
    // Two, and one for the gate.
    troupe_hosts_running: 3,
    troupe_store_stalled: 0,
    'troupe_model_tokens_total{model="tiny",token_type="cache_read"}': 100,
    'troupe_model_cost_total{model="tiny"}': 0.5,
    'troupe_gate_wait_seconds_count{gate="tiny"}': 6,
    'gen_ai_execute_tool_duration_seconds_count{gen_ai_tool_name="lookup"}': 2,
    'gen_ai_invoke_agent_duration_seconds_count{gen_ai_agent_name="desk"}': 2,
    'gen_ai_client_token_usage_count{gen_ai_operation_name="chat",gen_ai_request_model="tiny",gen_ai_token_type="output"}': 4,
  }
  for (const [key, value] of Object.entries(expected)) assert.equal(found.get(key), value, key)
  const least = {
    'troupe_event_loop_delay_seconds_count{slot="0"}': 1,
    'troupe_event_loop_delay_seconds_count{slot="1"}': 1,
    'troupe_mailbox_wait_seconds_count{lane="normal"}': 10,
    troupe_commit_size_bytes_sum: 100,
    troupe_commit_duration_seconds_count: 2,
    troupe_checkpoint_age_seconds: 0,
  }
  for (const [key, value] of Object.entries(least)) {
    assert.ok((found.get(key) ?? -1) >= value, `${key} is ${found.get(key)}`)
  }
}

function promtoolAccepts(text: string): void {
  const { error, stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  })
  if (error !== undefined) {
    assert.fail(
      'promtool is missing and the format cannot be shown without it: apt-get install -y --no-install-recommends prometheus',
    )
  }
  assert.equal(`${stdout}${stderr}`, '', text)
  assert.equal(status, 0)
}

test('metrics: a system without them says so, and counts nothing', async (t) => {
  const system = await systemOf(t, app, { workers: 0, store: 'memory' })
  await assert.rejects(system.metrics(), { code: 'OPTION_INVALID', message: /telemetry/ })
})

test('metrics: options that make no sense are refused before anything starts', async () => {
  const refused = async (metrics: unknown, message: RegExp): Promise<void> => {
    const options = { store: 'memory', workers: 0, telemetry: { metrics } }
    await assert.rejects(createSystem(app, options as never), { code: 'OPTION_INVALID', message })
  }
  await refused(true, /metrics/)
  await refused({ endpoint: 'ftp://x' }, /http/)
  await refused({ every: 5_000 }, /"every" goes with "endpoint"/)
  await refused({ endpont: 'http://x' }, /endpoint/)
  await refused({ endpoint: 'http://x', headers: { a: 1 } }, /texts/)
})
