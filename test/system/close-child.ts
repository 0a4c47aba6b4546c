/** A process of its own for the tests of `close.test.ts`: a script and a store's file. */
import type { App } from '../../actors/app.ts'
import { createSystem } from '../../runtime/main/create-system.ts'
import { keyOn } from './support.ts'
import trouble, { Book, Trouble } from './trouble.app.ts'

const [script, store] = process.argv.slice(2) as [string, string]

async function run(): Promise<void> {
  const system = await createSystem(trouble as App, { workers: 2, store })
  const key = keyOn(0, 'book')
  const book = system.ref(Book, key)
  switch (script) {
    case 'close':
      await book.ask.add('one')
      await system.close()
      process.stdout.write('closed\n')
      return
    case 'deliver': {
      // Some are done, some are not: the thread is stuck from the 50th on.
      const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`)
      for (const line of lines.slice(0, 50)) await book.deliver.add(line)
      system.ref(Trouble, keyOn(0, 'trouble')).tell.spin()
      await Promise.all(lines.slice(50).map((line) => book.deliver.add(line)))
      process.stdout.write('acknowledged\n')
      return
    }
    default:
      await book.ask.add('one')
      await system.quiet()
      process.stdout.write('idle\n')
  }
}

await run()
