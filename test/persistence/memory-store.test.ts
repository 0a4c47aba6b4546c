import { openMemoryStore } from '../../persistence/memory-store.ts'
import { storeContract } from './store-contract.ts'

storeContract({
  name: 'memory',
  open(options) {
    const store = openMemoryStore(options)
    return {
      store,
      again() {
        store.reopen()
        return store
      },
      dispose: () => store.close(),
    }
  },
})
