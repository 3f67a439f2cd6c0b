import { memoryStore } from '../../shares/store.ts'

import { shareStoreCompliance } from './store-compliance.ts'

shareStoreCompliance('memoryStore', async () => ({
  store: memoryStore(),
  close: async () => {},
}))
