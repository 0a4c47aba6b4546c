/** Packages that only some need are loaded by those alone, and missed by name. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { notInstalled } from '../../actors/agents/models/optional.ts'

const sources = fileURLToPath(new URL('../house/sources.mjs', import.meta.url))

/** The packages that a program has loaded where it calls `loaded()`. */
function packagesOf(program: string): string[][] {
  const script = `
    import { registerHooks } from 'node:module'
    const names = new Set()
    registerHooks({
      load(url, context, next) {
        const name = /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1]
        if (name !== undefined) names.add(name)
        return next(url, context)
      },
    })
    const loaded = () => console.log(JSON.stringify([...names].sort()))
    ${program}`
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', sources, '--input-type=module', '--eval', script],
    { encoding: 'utf8', cwd: fileURLToPath(new URL('../..', import.meta.url)) },
  )
  assert.equal(stderr.replaceAll(/.*(ExperimentalWarning|trace-warnings).*\n/g, ''), '')
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string[])
}

test('neither troupe nor troupe/agents loads a client of a model before a model is called', () => {
  const [before, made, called] = packagesOf(`
    await import('troupe')
    const { bedrockModel } = await import('troupe/agents')
    loaded()
    const model = bedrockModel('m', { region: 'x', endpoint: 'http://127.0.0.1:9', retry: { attempts: 1 } })
    loaded()
    const request = {
      purpose: 'p', system: '', maxOutputTokens: 1,
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'x' }] }],
    }
    await model.generate(request).catch(() => {})
    model.close()
    loaded()`)
  const clients = (names: readonly string[] | undefined) =>
    names?.filter((name) => /^(@aws|@smithy|@ai-sdk|ai$)/.test(name))
  assert.deepEqual(clients(before), [])
  assert.deepEqual(clients(made), [])
  // The probe sees it where it is loaded.
  assert.ok(clients(called)?.includes('@aws-sdk/client-bedrock-runtime'))
})

test('a package that is not installed is named with what installs it', async () => {
  const name = '@troupe/not-there'
  await assert.rejects(import(name).catch(notInstalled(name)), {
    code: 'PACKAGE_MISSING',
    message: new RegExp(`npm install ${name}`),
  })
  const broken = Object.assign(new Error("Cannot find package 'other' imported from x"), {
    code: 'ERR_MODULE_NOT_FOUND',
  })
  await assert.rejects(Promise.reject(broken).catch(notInstalled(name)), broken)
})
