/** What handlers throw and callers send in bad faith or by mistake costs their own message, nothing else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createTestSystem } from '../../runtime/testing/index.ts'

const Box = contract('box', { boom: message(), late: message(), put: message<number, number>() })

function trap(): never {
  throw new Error('trap')
}

/** Everything that can be asked of it throws. */
function hostile(): object {
  return new Proxy({}, { get: trap, getPrototypeOf: trap, has: trap, ownKeys: trap })
}

function boxes(durable: boolean) {
  const box = actor(Box, {
    durable,
    on: {
      boom() {
        throw hostile()
      },
      async late() {
        await Promise.resolve()
        throw hostile()
      },
      put: (_ctx, value) => value,
    },
  })
  return app(import.meta.url, { actors: [box] })
}

for (const durable of [true, false]) {
  const kind = durable ? 'durable' : 'volatile'

  test(`F1, F2: a thrown value that cannot be read fails its own turn (${kind})`, async (t) => {
    const system = await createTestSystem(boxes(durable))
    t.after(() => system.close())
    const box = system.ref(Box, 'a')
    for (const name of ['boom', 'late'] as const) {
      await assert.rejects(box.ask[name](), {
        code: 'ACTOR_FAILED',
        message: /cannot be looked at/,
      })
      await system.advance(60_000)
    }
    box.tell.boom()
    await system.advance(120_000)
    assert.equal(await box.ask.put(1), 1)
    assert.equal(system.stats().imbalance, 0)
  })

  test(`T5: a promise as payload is refused, whichever way it is sent (${kind})`, async (t) => {
    const system = await createTestSystem(boxes(durable))
    t.after(() => system.close())
    const box = system.ref(Box, 'a')
    const forgotten = Promise.resolve(1) as unknown as number
    const refusal = { code: 'NOT_ENCODABLE', message: /a Promise.*await/ }
    await assert.rejects(box.ask.put(forgotten), refusal)
    await assert.rejects(box.deliver.put(forgotten), refusal)
    assert.equal(box.tell.put(forgotten).status, 'refused')
  })
}
