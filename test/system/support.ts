/** Systems on real threads for tests: closed with their test, in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { App } from '../../actors/app.ts'
import { hashAddress } from '../../mailbox/address.ts'
import { createSystem } from '../../runtime/main/create-system.ts'
import type { SystemEvent } from '../../runtime/main/events.ts'
import type { SystemOptions } from '../../runtime/main/options.ts'
import type { System } from '../../runtime/main/system.ts'
import type { LogLine } from '../../runtime/telemetry/logs/line.ts'

/** A folder that is gone after the test. */
export function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A store file that is gone after the test. */
export function fileOf(t: TestContext): string {
  return join(folderOf(t), 'test.db')
}

/** A system with two hosts and no store unless said otherwise, silent, closed after the test. */
export async function systemOf(
  t: TestContext,
  // biome-ignore lint/suspicious/noExplicitAny: whatever its actors need, its own deps build
  app: App<any>,
  options: SystemOptions = {},
): Promise<System> {
  const system = await createSystem(app, { workers: 2, log: () => undefined, ...options })
  t.after(() => system.close())
  return system
}

/** Collects log lines. */
export function logTo(lines: LogLine[]): (line: LogLine) => void {
  return (line) => void lines.push(line)
}

type Named<E extends SystemEvent['event']> = Extract<SystemEvent, { readonly event: E }>

/** The next event of a name that fits. */
export function eventOf<E extends SystemEvent['event']>(
  system: System,
  name: E,
  fits: (event: Named<E>) => boolean = () => true,
): Promise<Named<E>> {
  return new Promise((resolve) => {
    const heard = (event: SystemEvent): void => {
      if (event.event !== name || !fits(event as Named<E>)) return
      system.events.off('all', heard)
      resolve(event as Named<E>)
    }
    system.events.on('all', heard)
  })
}

/** A key whose actor lives on a slot, of a system with two workers. */
export function keyOn(slot: number, type: string, nth = 0): string {
  for (let i = 0, found = 0; ; i += 1) {
    if (hashAddress(`${type}/k${i}`) % 2 !== slot) continue
    if (found === nth) return `k${i}`
    found += 1
  }
}
