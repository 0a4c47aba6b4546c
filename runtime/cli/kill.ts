/** `troupe kill FILE [ACTOR]`: the kill switch of a store, also while a system has it open. */
import { existsSync } from 'node:fs'
import { parseAddress } from '../../mailbox/address.ts'
import { readKilled, removeKilled, writeKilled } from '../../persistence/killed-files.ts'
import { misuse, parseArguments } from './arguments.ts'
import { type Command, exit } from './command.ts'

const help = `usage: troupe kill FILE [ACTOR] [options]

Kills an actor, "type/key", with everything that it asked others to do: what runs is aborted, what waits and what
comes becomes a dead letter (killed), until it is revived, also after a restart. FILE may be in use. Without ACTOR
lists what is killed.

  --reason TEXT  told to those who ask it
  --revive       lets it live again; its dead letters can be sent again
  --json         the list as JSON, one a line

Exit code 0: done; 1: FILE is no store, or ACTOR was not killed; 2: a mistake in the arguments.
`

const spec = {
  command: 'kill',
  positionals: ['FILE', 'ACTOR?'],
  options: {
    reason: { type: 'string' },
    revive: { type: 'boolean' },
    json: { type: 'boolean' },
  },
} as const

export const kill: Command = async (args, { stdout, stderr }) => {
  const parsed = parseArguments(spec, args)
  if (parsed === 'help') {
    stdout.write(help)
    return exit.ok
  }
  const [file = '', actor] = parsed.positionals
  const { reason, revive = false, json = false } = parsed.values
  if (!existsSync(file)) {
    stderr.write(`troupe kill: there is no ${file}\n`)
    return exit.failed
  }
  if (actor === undefined) {
    if (reason !== undefined || revive) throw misuse(spec.command, 'names no ACTOR')
    for (const killed of readKilled(file)) {
      const { actor: who, at, reason: why } = killed
      const told = `${who}  ${new Date(at).toISOString()}${why === undefined ? '' : `  ${why}`}`
      stdout.write(`${json ? JSON.stringify(killed) : told}\n`)
    }
    return exit.ok
  }
  parseAddress(actor)
  if (!revive) {
    writeKilled(file, { actor, at: Date.now(), ...(reason !== undefined && { reason }) })
    return exit.ok
  }
  if (removeKilled(file, actor)) return exit.ok
  stderr.write(`troupe kill: ${actor} was not killed\n`)
  return exit.failed
}
