#!/usr/bin/env node
// The `ced` command: the same door as the npm scripts.
import { run } from './run.mjs';

await run('ced', process.argv.slice(2));
