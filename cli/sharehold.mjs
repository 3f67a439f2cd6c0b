#!/usr/bin/env node
import { pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'

import { bundle } from './bundle.mjs'

// A node computes outside V8's heap: let the space for new objects stay at 1 MB, where a program that starts makes it
// 16 MB twice over and never gives them back. It has to be said before the program is loaded.
if (['mpc-node', 'share-node'].includes(process.argv[2])) {
  setFlagsFromString('--semi-space-growth-factor=1')
}

await import(pathToFileURL(await bundle()).href)
