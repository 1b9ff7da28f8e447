#!/usr/bin/env node
// The `ced` command, through the entry of the npm scripts.
import { run } from './run.mjs';

await run('ced', process.argv.slice(2));
