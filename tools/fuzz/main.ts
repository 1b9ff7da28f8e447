/**
 * `npm run fuzz`: feeds broken files to the decoders, and with `--structured` files that lie to
 * every reader. Each must be refused or read in bounded time and memory.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runProgram } from '../../cli/failure';
import { commandLine } from '../../infra/command-line/command-line';
import { atLeast, count, numberThat, oneOf, text } from '../../infra/command-line/option';
import { UsageError } from '../../infra/command-line/usage-error';
import { fuzzFormat, type FuzzReport } from './fuzz-format';
import { FORMATS } from './originals';
import { forgedFile } from './structured/forged-file';
import { openFormat, STRUCTURED_FORMATS } from './structured/formats';

const line = commandLine({
  program: 'npm run fuzz',
  usage: '[options]',
  about: [
    'Feeds broken files to the audio decoders. With --structured: files whose fields lie (sizes, ' +
      'counts, offsets, rates, types, order), with checksums that are right, to the readers of ' +
      'audio, tables, archives, models and run files, while a good file is read beside each. ' +
      'Exit status 1 when a file crashed its reader, was refused without a typed error, was read ' +
      'as a wrong value, took over 10 s or took over 1 GB.',
  ],
  options: {
    structured: { help: 'files that lie in their fields, instead of files with broken bytes' },
    files: { value: 'N', is: count, default: 1000, help: 'files of each format' },
    format: {
      value: 'F',
      is: oneOf(...new Set([...FORMATS, ...STRUCTURED_FORMATS]), 'all'),
      default: 'all',
      help: `${FORMATS.join(', ')}; with --structured ${STRUCTURED_FORMATS.join(', ')}; or all`,
    },
    seed: {
      value: 'N',
      is: numberThat(Number.isInteger, 'a whole number'),
      default: 1,
      help: 'seed that the files are drawn from',
    },
    first: {
      value: 'N',
      is: atLeast(0),
      default: 0,
      help: 'number of the first file; with --files 1, a fault is repeated',
    },
    keep: {
      value: 'DIR',
      is: text,
      help: 'with --structured: folder that receives the files with faults',
    },
  },
  examples: [
    'npm run fuzz',
    'npm run fuzz -- --format flac --files 5000 --seed 2',
    'npm run fuzz -- --structured --files 2000',
    'npm run fuzz -- --structured --format tar --first 396 --files 1 --keep faults',
  ],
});

const root = resolve(__dirname, '../../..');

runProgram(
  async (argv) =>
    await line.run(argv, async ({ values: { structured, format, keep, ...options } }) => {
      const formats: readonly string[] = structured ? STRUCTURED_FORMATS : FORMATS;
      if (format !== 'all' && !formats.includes(format))
        throw new UsageError(`--format ${format}: expected ${formats.join(', ')} or all`);
      const program = join(
        __dirname,
        structured ? 'structured/reader-process.js' : 'decoder-process.js',
      );
      let faults = 0;
      for (const each of format === 'all' ? formats : [format]) {
        const report = await fuzzFormat(each, { root, program, ...options });
        faults += report.faults.length;
        console.log(lines(report));
        if (structured && keep !== undefined) await keepFaults(report, options.seed, keep);
      }
      return faults === 0 ? 0 : 1;
    }),
);

async function keepFaults(
  { format, faults }: FuzzReport,
  seed: number,
  folder: string,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const name = STRUCTURED_FORMATS.find((each) => each === format)!;
  for (const { number } of faults) {
    const { bytes } = await forgedFile(await openFormat(name, root), name, seed, number);
    writeFileSync(join(folder, `${format}-${seed}-${number}`), bytes);
  }
}

function lines({ format, files, outcomes, faults, slowestMs, peakBytes }: FuzzReport): string {
  const counts = Object.entries(outcomes)
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, count]) => `${count} ${outcome}`);
  const limits = `slowest ${Math.round(slowestMs)} ms, memory ${Math.round(peakBytes / 1e6)} MB`;
  return [
    `${format.padEnd(11)} ${files} files: ${counts.join(', ')}; ${limits}, ${faults.length} faults`,
    ...faults.map(({ number, fault }) => `      file ${number}: ${fault}`),
  ].join('\n');
}
