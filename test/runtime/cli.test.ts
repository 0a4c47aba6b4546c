/** The command line's own words: help, version, unknown commands, and errors as one line. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TroupeError } from '../../mailbox/errors.ts'
import { parseArguments } from '../../runtime/cli/arguments.ts'
import type { CommandEntry } from '../../runtime/cli/command.ts'
import { run } from '../../runtime/cli/run.ts'
import { manifest } from '../house/repository.ts'

const table: Record<string, CommandEntry> = {
  greet: {
    summary: 'says who it was given',
    load: async () => async (args, terminal) => {
      terminal.stdout.write(`hello ${args.join(' ')}\n`)
      return 7
    },
  },
  refuse: {
    summary: 'refuses',
    load: async () => async () => {
      throw new TroupeError('STORE_LOCKED', 'expected to be alone, got company')
    },
  },
  misuse: {
    summary: 'is misused',
    load: async () => async () => {
      throw new TroupeError('OPTION_INVALID', 'unknown option "--fats"; did you mean "--fast"?')
    },
  },
  break: {
    summary: 'has a bug',
    load: async () => async () => {
      throw new RangeError('a bug')
    },
  },
}

async function troupe(...args: string[]) {
  let stdout = ''
  let stderr = ''
  const terminal = {
    stdout: {
      write: (text: string) => {
        stdout += text
      },
    },
    stderr: {
      write: (text: string) => {
        stderr += text
      },
    },
  }
  const code = await run(args, terminal, table)
  return { code, stdout, stderr }
}

test('CLI: help lists every command with its summary', async () => {
  const { code, stdout } = await troupe('--help')
  assert.equal(code, 0)
  for (const [name, { summary }] of Object.entries(table)) {
    assert.match(stdout, new RegExp(`^ {2}${name} +${summary}$`, 'm'))
  }
})

test('CLI: without a command the help is shown and the exit code says misuse', async () => {
  assert.equal((await troupe()).code, 2)
})

test('CLI: the version is that of the package', async () => {
  assert.deepEqual(await troupe('--version'), {
    code: 0,
    stdout: `${manifest().version}\n`,
    stderr: '',
  })
})

test('CLI: a command gets what follows its name, and its exit code is the process’s', async () => {
  assert.deepEqual(await troupe('greet', 'a', '--help'), {
    code: 7,
    stdout: 'hello a --help\n',
    stderr: '',
  })
})

test('CLI: an unknown command names the nearest one', async () => {
  assert.deepEqual(await troupe('gret'), {
    code: 2,
    stdout: '',
    stderr: 'troupe: unknown command "gret"; did you mean "greet"?\n',
  })
  assert.match((await troupe('constructor')).stderr, /`troupe help` lists them/)
})

test('CLI: an error of ours is one line with its code, misuse has its own exit code', async () => {
  assert.deepEqual(await troupe('refuse'), {
    code: 1,
    stdout: '',
    stderr: 'troupe: expected to be alone, got company [STORE_LOCKED]\n',
  })
  assert.equal((await troupe('misuse')).code, 2)
})

test('CLI: what Node says of an argument is one line, and says where to look', () => {
  const spec = {
    command: 'dev',
    options: { workers: { type: 'string' } },
    positionals: [],
  } as const
  const message = "dev: Option '--workers' argument is ambiguous; see troupe dev --help"
  const refusal = { code: 'OPTION_INVALID', message }
  assert.throws(() => parseArguments(spec, ['--workers', '-1']), refusal)
})

test('CLI: a bug keeps its stack', async () => {
  await assert.rejects(troupe('break'), RangeError)
})
