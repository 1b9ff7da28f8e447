import path from 'node:path';
import { commandLine } from '../../../infra/command-line/command-line';
import { text, textOf } from '../../../infra/command-line/option';
import { buildCorpus } from './corpus';
import { SPLITS } from './recipe';

const line = commandLine({
  program: 'node dist/examples/game-sounds/build/main.js',
  usage: '--out DIR [options]',
  about: [
    'Builds a corpus of real recordings from four Debian packages: 5,000 clips of 4 s with one ' +
      'to three of 44 classes, split by recording. Downloads 1.7 GB with apt-get; the corpus has ' +
      '640 MB. A finished folder is left as it is.',
  ],
  options: {
    out: {
      value: 'DIR',
      is: textOf('the folder to build in'),
      required: true,
      help: 'folder for vocabulary.csv, train.jsonl, validation.jsonl, eval.jsonl and audio/',
    },
    packages: {
      value: 'DIR',
      is: text,
      shown: 'downloaded',
      help: 'folder with the .deb files, where apt-get cannot download them',
    },
  },
  examples: ['node dist/examples/game-sounds/build/main.js --out data/game-sounds'],
});

async function main({ values }: NonNullable<ReturnType<typeof line.parse>>): Promise<number> {
  const folder = path.resolve(values.out);
  const packages = values.packages === undefined ? null : path.resolve(values.packages);
  const say = (told: string): void => void process.stderr.write(`game sounds: ${told}\n`);
  const { manifest, found } = await buildCorpus(folder, { splits: SPLITS, packages, say });
  const counts = manifest.splits.map(
    ({ name, clips, recordings }) => `${name} ${clips} clips of ${recordings} recordings`,
  );
  process.stdout.write(`${folder}: ${counts.join(', ')}${found ? ' (there already)' : ''}\n`);
  return 0;
}

line.run(process.argv.slice(2), main).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
