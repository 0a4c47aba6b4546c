/**
 * What an editor shows on a ref: the contract's messages are completed, hovered, found and renamed,
 * because a ref's methods are types made from the contract and not a proxy.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openEditor } from '../house/language-service.ts'

const editor = openEditor({
  'contract.ts': `
    import { contract } from '../../actors/contract.ts'
    import { message, stream } from '../../actors/message.ts'
    export const Account = contract('account', {
      /** Adds to the balance; the reply is the new one. */
      deposit: message<{ amount: number }, number>(),
      /** Closes the account. */
      close: message(),
      /** Every booking, oldest first. */
      bookings: stream<void, { amount: number }, number>(),
    })
  `,
  'caller.ts': `
    import type { SendPort } from '../../actors/ref.ts'
    import { Account } from './contract.ts'
    declare const port: SendPort
    const ref = new Account.refClass('alice', port)
    void ref.ask./*ask*/deposit({ /*payload*/amount: 1 })
    ref.tell./*tell*/close()
    ref.stream./*stream*/bookings()
    void ref.ask.deposit({ amount: 1 }, { /*options*/ })
  `,
})

test('editor: the fixture compiles', () => {
  assert.deepEqual(editor.problems(), [])
})

test('editor: ask, tell and stream complete the names of the contract', () => {
  assert.deepEqual(editor.completions('ask'), ['bookings', 'close', 'deposit'])
  assert.deepEqual(editor.completions('tell'), ['bookings', 'close', 'deposit'])
  assert.deepEqual(editor.completions('stream'), ['bookings'])
})

test('editor: payload fields and message options are completed', () => {
  assert.deepEqual(editor.completions('payload'), ['amount'])
  assert.deepEqual(editor.completions('options').toSorted(), [
    'id',
    'lane',
    'priority',
    'signal',
    'trace',
    'within',
  ])
})

test('editor: go-to-definition leads from a send to the contract', () => {
  assert.deepEqual(editor.definitions('ask'), [{ file: 'contract.ts', line: 6, name: 'deposit' }])
  assert.deepEqual(editor.definitions('tell'), [{ file: 'contract.ts', line: 8, name: 'close' }])
  assert.deepEqual(editor.definitions('stream'), [
    { file: 'contract.ts', line: 10, name: 'bookings' },
  ])
})

test('editor: hovering a send shows payload, reply and the doc comment of the message', () => {
  const { signature, documentation } = editor.hover('ask')
  assert.match(signature, /payload: \{ amount: number; \}/)
  assert.match(signature, /Promise<number>/)
  assert.equal(documentation, 'Adds to the balance; the reply is the new one.')
  assert.equal(editor.hover('stream').documentation, 'Every booking, oldest first.')
})

test('editor: renaming a message at its send renames it in the contract', () => {
  assert.deepEqual(editor.renames('ask'), [
    { file: 'contract.ts', line: 6, name: 'deposit' },
    { file: 'caller.ts', line: 6, name: 'deposit' },
    { file: 'caller.ts', line: 9, name: 'deposit' },
  ])
})

test('editor: a marker that is not there is an error', () => {
  assert.throws(() => editor.hover('nowhere'), /no \/\*nowhere\*\//)
})
