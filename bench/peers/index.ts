/** Peers by name. One that is not on this machine is told as missing, with what would bring it. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AbsentPeer, PeerContestant } from '../bench-case.ts'
import { PeerProcess } from './process.ts'

export type Peer = PeerContestant | AbsentPeer

const here = fileURLToPath(new URL('.', import.meta.url))
const titles: Readonly<Record<string, string>> = {
  '@langchain/langgraph': 'LangGraph.js',
  ai: 'AI SDK',
}

/**
 * @param work what the peer's module calls it
 * @param size messages, turns or actors of a round
 */
export function nodePeer(library: string, work: string, size: number): Peer {
  const name = titles[library] ?? library
  const manifest = join(here, 'node_modules', library, 'package.json')
  if (!existsSync(manifest)) {
    return { name, missing: 'not installed; a run without --quick installs it, and bench/setup.sh' }
  }
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  const args = ['--disable-warning=ExperimentalWarning', join(here, 'serve.ts'), library, work]
  return new PeerProcess({ name, version, program: process.execPath, args, size })
}

/** The same for a work of `erlang.erl`. */
export function erlangPeer(work: string, size: number): Peer {
  const version = erlangRelease()
  if (version === undefined) {
    return {
      name: 'Erlang',
      missing: 'no erl on the PATH; bench/setup.sh installs it where apt is',
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-erlang-'))
  return new PeerProcess({
    name: 'Erlang',
    version,
    program: 'erl',
    args: ['-noshell', '-pa', folder, '-run', 'erlang_peer', 'serve', work],
    size,
    prepare: () => compile(folder),
    release: () => rmSync(folder, { recursive: true, force: true }),
  })
}

/** The release, `OTP 25`; undefined where there is no Erlang. */
function erlangRelease(): string | undefined {
  const script = 'io:format("OTP ~s", [erlang:system_info(otp_release)]), halt().'
  const { status, stdout } = spawnSync('erl', ['-noshell', '-eval', script], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

function compile(folder: string): void {
  const source = join(here, 'erlang_peer.erl')
  const { status, stdout } = spawnSync('erlc', ['-o', folder, source], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`erlc: ${stdout}`)
}
