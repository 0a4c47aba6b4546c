/**
 * Brings the peers of `bench/peers/package.json` on first use, beside it and nowhere else: what they depend
 * on must not stand in the way of what our own cases import.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>
}
const peers = Object.keys(manifest.dependencies)

/** Resolves when they are there, or when it is known that they cannot be had: then cases say so. */
export async function installPeers(): Promise<void> {
  if (peers.every((name) => existsSync(`${folder}/node_modules/${name}/package.json`))) return
  process.stderr.write('installing the peers of bench/peers/package.json ...\n')
  const npm = spawn('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const code = await new Promise((resolve) => {
    npm.on('error', resolve)
    npm.on('exit', resolve)
  })
  if (code !== 0)
    process.stderr.write(`npm ci in bench/peers/ failed (${String(code)}): peers are missing\n`)
}
