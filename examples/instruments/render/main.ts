import os from 'node:os';
import path from 'node:path';
import { commandLine } from '../../../infra/command-line/command-line';
import { count, oneOf, textOf } from '../../../infra/command-line/option';
import { renderCorpus } from './corpus';
import type { SetName } from './recipe';
import { SETS } from './recipe';

const line = commandLine({
  program: 'node dist/examples/instruments/render/main.js',
  usage: '--out DIR [options]',
  about: [
    'Renders the instruments corpus: 4 s clips of sampled instruments, with tables and a ' +
      'vocabulary. A finished folder is left as it is, an interrupted one is completed.',
  ],
  options: {
    out: {
      value: 'DIR',
      is: textOf('the folder to render into'),
      required: true,
      help: 'folder for vocabulary.csv, train.jsonl, validation.jsonl, eval.jsonl and audio/',
    },
    set: {
      value: 'NAME',
      is: oneOf(...(Object.keys(SETS) as SetName[])),
      default: 'demo' satisfies SetName,
      help:
        'demo: 3,000 + 400 + 800 clips, 540 MB; teach: 12,000 + 400 clips, 1.6 GB; more: 3,000 ' +
        'clips, 0.4 GB',
    },
    jobs: {
      value: 'N',
      is: count,
      default: os.availableParallelism(),
      shown: 'one for each core',
      help: 'processes; the bytes do not depend on it',
    },
  },
  examples: ['node dist/examples/instruments/render/main.js --out data/instruments --jobs 2'],
});

async function main({ values }: NonNullable<ReturnType<typeof line.parse>>): Promise<number> {
  const folder = path.resolve(values.out);
  const { clips, rendered, seconds } = await renderCorpus(folder, SETS[values.set], values.jobs);
  const work =
    rendered === 0 ? 'all found rendered' : `${rendered} rendered in ${seconds.toFixed(1)} s`;
  process.stdout.write(`${folder}: ${clips} clips, ${work}\n`);
  return 0;
}

line.run(process.argv.slice(2), main).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
