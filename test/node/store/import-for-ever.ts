/** A process that imports one import after another, and says which ones were acknowledged, until killed. */
import { openLevelShareStore } from '../../../node/store/level-share-store.ts'
import { pattern } from '../network.ts'

const store = await openLevelShareStore(process.argv[2]!)
const first = Number(process.argv[3])
for (let i = first; ; i++) {
  const importId = `import-${i}`
  const writer = await store.stage(importId)
  // Some within one group of writes, some over several.
  for (let chunk = 0; chunk < 6; chunk++) {
    const key = { dataset: 'trips', importId, column: 'fare', encoding: 'bits', chunk } as const
    await writer.put(key, pattern(i % 2 === 0 ? 1000 : 3_000_000, i + chunk))
  }
  await writer.commit()
  process.send!(i)
}
