/**
 * `npm run fuzz`: feeds broken files to the decoders, which must refuse or accept each in bounded
 * time and memory.
 */
import { join, resolve } from 'node:path';
import { runProgram } from '../../cli/failure';
import { commandLine } from '../../infra/command-line/command-line';
import { count, numberThat, oneOf } from '../../infra/command-line/option';
import { fuzzFormat, type FuzzReport } from './fuzz-format';
import { FORMATS } from './originals';

const line = commandLine({
  program: 'npm run fuzz',
  usage: '[options]',
  about: [
    'Feeds broken files to the decoders. Exit status 1 when a file crashed the decoder, was ' +
      'refused without a reason, took over 10 s or took over 1 GB.',
  ],
  options: {
    files: { value: 'N', is: count, default: 1000, help: 'broken files of each format' },
    format: {
      value: 'F',
      is: oneOf(...FORMATS, 'all'),
      default: 'all',
      help: `${FORMATS.join(', ')} or all`,
    },
    seed: {
      value: 'N',
      is: numberThat(Number.isInteger, 'a whole number'),
      default: 1,
      help: 'seed that the broken files are drawn from',
    },
  },
  examples: ['npm run fuzz', 'npm run fuzz -- --format flac --files 5000 --seed 2'],
});

runProgram(
  async (argv) =>
    await line.run(argv, async ({ values: { files, format, seed } }) => {
      const options = {
        root: resolve(__dirname, '../../..'),
        program: join(__dirname, 'decoder-process.js'),
        files,
        seed,
      };
      let faults = 0;
      for (const each of format === 'all' ? FORMATS : [format]) {
        const report = await fuzzFormat(each, options);
        faults += report.faults.length;
        console.log(lines(report));
      }
      return faults === 0 ? 0 : 1;
    }),
);

function lines({ format, files, outcomes, faults, slowestMs, peakBytes }: FuzzReport): string {
  const counts = Object.entries(outcomes)
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, count]) => `${count} ${outcome}`);
  const limits = `slowest ${Math.round(slowestMs)} ms, memory ${Math.round(peakBytes / 1e6)} MB`;
  return [
    `${format.padEnd(5)} ${files} files: ${counts.join(', ')}; ${limits}, ${faults.length} faults`,
    ...faults.map(({ number, fault }) => `      file ${number}: ${fault}`),
  ].join('\n');
}
