/** A process that places an order, and is killed while a till that it asks works on it. */
import { createSystem } from '../../runtime/main/create-system.ts'
import shop, { Order } from './traced.app.ts'

const [store = '', endpoint = ''] = process.argv.slice(2)
const telemetry = { traces: { endpoint, every: 10 } }
const system = await createSystem(shop, { store, workers: 0, telemetry })
await system.ref(Order, 'anna').deliver.place({ item: 'tea', note: '' })
setInterval(() => undefined, 60_000)
