import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { renderCorpus } from './corpus';
import type { SetName } from './recipe';
import { SETS } from './recipe';

const HELP = `Renders the instruments corpus: 4 s clips of sampled instruments, with tables and a vocabulary.

  node dist/examples/instruments/render/main.js --out DIR [--set demo|teach|more] [--jobs N]

  --out DIR    folder for vocabulary.csv, train.jsonl, validation.jsonl, eval.jsonl and audio/
  --set NAME   demo: 3,000 + 400 + 800 clips, 540 MB (default); teach: 12,000 + 400 clips, 1.6 GB;
               more: 3,000 clips, 0.4 GB
  --jobs N     processes (default: ${os.availableParallelism()}, one per core); the bytes do not depend on it
  --help       this text

A finished folder is left as it is, an interrupted one is completed.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      set: { type: 'string', default: 'demo' },
      jobs: { type: 'string', default: String(os.availableParallelism()) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const jobs = Number(values.jobs);
  if (values.out === undefined) throw new Error('--out is missing: name the folder to render into');
  if (!(values.set in SETS))
    throw new Error(`--set ${values.set}: expected ${Object.keys(SETS).join(' or ')}`);
  if (!Number.isInteger(jobs) || jobs < 1)
    throw new Error(`--jobs ${values.jobs}: expected a whole number from 1`);
  const folder = path.resolve(values.out);
  const { clips, rendered, seconds } = await renderCorpus(
    folder,
    SETS[values.set as SetName],
    jobs,
  );
  const work =
    rendered === 0 ? 'all found rendered' : `${rendered} rendered in ${seconds.toFixed(1)} s`;
  process.stdout.write(`${folder}: ${clips} clips, ${work}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
