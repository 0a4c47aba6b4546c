/** A process that has an agent do something, and is killed while the model speaks. */
import { createSystem } from '../../runtime/main/create-system.ts'
import support, { Support } from './killed.app.ts'

const [store = ''] = process.argv.slice(2)
const system = await createSystem(support, { store, workers: 0 })
await system.ref(Support, 'anna').deliver.say('Pay A1.', { id: 'job' })
setInterval(() => undefined, 60_000)
