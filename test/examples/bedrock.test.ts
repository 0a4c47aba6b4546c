/** The examples as commands on Bedrock: the real client against a local server that speaks its protocol. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  answer,
  type BedrockServer,
  bedrockServer,
  blockEnd,
  cited,
  type Frame,
  input,
  start,
  stop,
  text,
  tool,
  usage,
} from '../agents/bedrock-server.ts'
import { command } from './customer-support/command.ts'
import { answerOf, runExample } from './knowledge-base/example-process.ts'
import { temporaryFolder } from './knowledge-base/temporary-folder.ts'

const model = 'bedrock:vendor.model-1:0'

async function service(t: TestContext): Promise<BedrockServer> {
  const server = await bedrockServer()
  t.after(() => server.close())
  return server
}

/** An environment in which the AWS client finds nothing but what is given. */
function aws(t: TestContext, more: Readonly<Record<string, string>> = {}) {
  const nowhere = join(temporaryFolder(t), 'none')
  return {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: nowhere,
    AWS_SHARED_CREDENTIALS_FILE: nowhere,
    ...more,
  }
}

const region = { AWS_REGION: 'eu-central-1' }

const withKeys = ({ url }: BedrockServer) => ({
  ...region,
  AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url,
  AWS_ACCESS_KEY_ID: 'k',
  AWS_SECRET_ACCESS_KEY: 's',
})

const bees = { 'bees.md': '# Bees\n\nA bee makes honey from nectar in its hive.\n' }
const question = 'What does a bee make from nectar?'

/** A sentence, and the only line of the only document as its source. */
const citing = (words: string): Frame[] => [
  start,
  text(0, words),
  cited(0, 0, 0, 1),
  blockEnd(0),
  stop(),
  usage(),
]

test('knowledge base: --model bedrock:ID answers with sentences that the model cited', async (t) => {
  const server = await service(t)
  const sentence = 'A bee makes honey from nectar in its hive.'
  server.answers.push(answer(question), citing(sentence), citing(sentence))
  const store = join(temporaryFolder(t), 'kb.db')
  const args = [question, '--docs', temporaryFolder(t, bees), '--model', model, '--workers', '0']
  const run = await runExample(args, store, undefined, aws(t, withKeys(server)))
  assert.equal(run.code, 0, run.stderr)
  assert.equal(answerOf(run), `${sentence} [bees.md:3]`)
  const paths = server.asked.map(({ path }) => decodeURIComponent(path))
  assert.deepEqual(paths, [
    '/model/vendor.model-1:0/converse',
    '/model/vendor.model-1:0/converse',
    '/model/vendor.model-1:0/converse-stream',
  ])
})

/** Makes the client a package that is not there, in every thread. */
const withoutClient = `--import=data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  registerHooks({
    resolve(name, context, next) {
      if (name !== '@aws-sdk/client-bedrock-runtime') return next(name, context)
      throw Object.assign(new Error("Cannot find package '" + name + "'"), { code: 'ERR_MODULE_NOT_FOUND' })
    },
  })`)}`

test('knowledge base: without credentials, region or client it says what is missing and what to do', async (t) => {
  const docs = temporaryFolder(t, bees)
  const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [aws(t, region), /credentials.* AWS_PROFILE, or AWS_ACCESS_KEY_ID .*\[MODEL_DENIED\]$/m],
    [aws(t), /Region is missing.* Set AWS_REGION.*\[MODEL_REQUEST_INVALID\]$/m],
    [
      aws(t, { ...region, NODE_OPTIONS: withoutClient }),
      /npm install @aws-sdk\/client-bedrock-runtime.*\[PACKAGE_MISSING\]$/m,
    ],
  ]
  for (const [env, expected] of cases) {
    const store = join(temporaryFolder(t), 'kb.db')
    const args = [question, '--docs', docs, '--model', model, '--workers', '0']
    const run = await runExample(args, store, undefined, env)
    assert.equal(run.code, 1, run.stderr)
    assert.match(run.stderr, expected)
  }
})

test('customer support: --model bedrock:ID has its tools called and its words streamed', async (t) => {
  const server = await service(t)
  const looksUp = [
    start,
    tool(0, 'c1', 'order'),
    input(0, '{"order":"17"}'),
    blockEnd(0),
    stop('tool_use'),
    usage(),
  ]
  server.answers.push(looksUp, answer('Your kettle ', 'is on its way.'))
  const store = join(temporaryFolder(t), 'support.db')
  const args = ['Where is order 17?', '--model', model, '--store', store, '--workers', '0']
  const { code, stdout, stderr } = await command(args, { env: aws(t, withKeys(server)) })
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^Your kettle is on its way\.$/m)
  assert.match(stderr, /← order \{"order":"17","item":"kettle"/)
  assert.ok(server.asked.every(({ streamed }) => streamed))
})
