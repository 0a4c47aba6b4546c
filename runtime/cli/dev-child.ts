/**
 * The child process of `troupe dev`: one system for one load of the app, until it is told to close
 * or its parent is gone. Everything it has to say is a line of its output.
 */
import { dirname, relative } from 'node:path'
import type { App } from '../../actors/app.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { makeFolder } from '../../persistence/make-folder.ts'
import { createSystem } from '../main/create-system.ts'
import type { System } from '../main/system.ts'
import type { DevOrder, DevStart } from './dev-protocol.ts'
import { eventLine, logLine } from './event-line.ts'
import { say } from './say.ts'

void main(JSON.parse(process.argv[2] ?? '{}') as DevStart)

async function main(start: DevStart): Promise<void> {
  // Ctrl-C reaches the whole process group; the parent decides what it means.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => undefined)
  try {
    const app = await loadApp(start.app)
    const system = await startSystem(app, start)
    obey(system, app)
    print(upLine(app, start))
  } catch (error) {
    process.stderr.write(`troupe dev: ${describe(error)}\n`)
    process.exit(1)
  }
}

async function loadApp(url: string): Promise<App> {
  const module = (await import(url)) as { default?: App & { default?: App } }
  // A CommonJS module's exports arrive as the default export; createSystem checks what it is.
  return (module.default?.default ?? module.default) as App
}

async function startSystem(app: App, start: DevStart): Promise<System> {
  const { store, workers, drainWithin } = start
  if (store !== 'memory') makeFolder(dirname(store))
  const system = await createSystem(app, {
    store,
    development: true,
    closeWithin: drainWithin,
    log: (line) => print(logLine(line)),
    ...(workers !== undefined && { workers }),
  })
  system.events.on('all', (event) => print(eventLine(event)))
  return system
}

function obey(system: System, app: App): void {
  let isClosing = false
  const end = (): void => {
    if (isClosing) return
    isClosing = true
    void close(system)
  }
  process.on('message', (order: DevOrder) => {
    switch (order.kind) {
      case 'close':
        return end()
      case 'say':
        return void say(system, app, order.line).then(print)
      default:
        order satisfies never
    }
  })
  // The parent is gone, however that came about.
  process.on('disconnect', end)
}

async function close(system: System): Promise<void> {
  const { drained, leftover, stored } = await system.close()
  const lost = leftover === 0 ? '' : `, ${leftover} in memory were lost`
  print(`closed ${drained ? 'drained' : 'not drained'}, ${stored} in the store${lost}`)
  if (process.connected) process.disconnect()
}

function upLine(app: App, { store }: DevStart): string {
  const where = store === 'memory' ? 'memory' : relative(process.cwd(), store)
  return `up ${[...app.actors.keys()].join(', ')}; store ${where}`
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** What the user's own code threw keeps its stack: it says where. */
function describe(error: unknown): string {
  if (error instanceof TroupeError) return `${error.message} [${error.code}]`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
