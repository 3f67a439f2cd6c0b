/** `npm run trips -- <directory>`: the example's source files, to import by hand. */
import { writeTripFiles } from './trips.ts'

const { yellow, green } = await writeTripFiles(process.argv[2] ?? 'csv')
process.stdout.write(`${yellow}\n${green}\n`)
