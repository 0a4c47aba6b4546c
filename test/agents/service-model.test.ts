/** What a model over a service does where a real service cannot be made to, at an exact moment. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ModelService, ServiceEvent } from '../../actors/agents/models/service.ts'
import { ServiceModel } from '../../actors/agents/models/service-model.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import { plainRequest } from './model-contract.ts'

/** A service that says some events and then nothing more, without an end. */
const silentAfter = (...events: readonly ServiceEvent[]): ModelService => ({
  id: 'silent',
  async *open() {
    yield* events
    await new Promise(() => {})
  },
  trouble: () => assert.fail('nothing is thrown'),
})

const text: ServiceEvent = { type: 'text', block: 0, text: 'x' }
const done: ServiceEvent = { type: 'stop', reason: 'stop', serviceReason: 'done' }

test('a service that is silent after its stop has answered: only the count is estimated', async () => {
  const clock = new VirtualClock()
  const model = new ServiceModel(silentAfter(text, done), { clock, idleTimeout: 1_000 })
  const iterator = model.stream(plainRequest())
  await iterator.next()
  const end = iterator.next()
  await new Promise((resolve) => setImmediate(resolve))
  clock.advance(1_000)
  const { value } = await end
  assert.ok(value?.type === 'end')
  assert.equal(value.reply.usage.estimated, true)
  assert.equal(clock.pending, 0)
})

test('who aborts after the stop has aborted: there is no reply', async () => {
  const controller = new AbortController()
  const model = new ServiceModel(silentAfter(text, done), { clock: new VirtualClock() })
  const iterator = model.stream(plainRequest(), { signal: controller.signal })
  await iterator.next()
  const end = iterator.next()
  await new Promise((resolve) => setImmediate(resolve))
  controller.abort()
  await assert.rejects(end, { code: 'CANCELLED' })
})

test('a meter that throws costs no permit', async () => {
  let settled = 0
  const settle = (): void => {
    settled += 1
  }
  const gate = { enter: async () => ({ settle }) }
  const model = new ServiceModel(silentAfter(text, done), { clock: new VirtualClock(), gate })
  const leave = async (): Promise<void> => {
    const meter = (): never => {
      throw new Error('full')
    }
    for await (const _ of model.stream(plainRequest(), { meter })) break
  }
  await assert.rejects(leave(), /full/)
  assert.equal(settled, 1)
})
