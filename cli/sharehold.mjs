#!/usr/bin/env node
// Runs the TypeScript sources directly: no build step stands between a fresh clone and a first answer.
import { register } from 'tsx/esm/api'

register()
await import('./main.ts')
