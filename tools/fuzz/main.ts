/**
 * `npm run fuzz`: broken files through the decoders, which must refuse or accept each, in bounded
 * time and memory.
 */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzzFormat, type FuzzReport } from './fuzz-format';
import { FORMATS, type FuzzedFormat } from './originals';

const help = `npm run fuzz -- [options]

  --files N     broken files of each format (default 1000)
  --format F    ${FORMATS.join(', ')} or all (default all)
  --seed N      another set of them (default 1)

Exits with 1 when a file crashed the decoder, was refused without a reason, took over 10 s or over 1 GB.`;

async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      files: { type: 'string' },
      format: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const { format = 'all' } = values;
  const formats = format === 'all' ? FORMATS : FORMATS.filter((one) => one === format);
  const [files, seed] = [Number(values.files ?? 1000), Number(values.seed ?? 1)];
  if (formats.length === 0 || !(files > 0) || !Number.isInteger(seed)) {
    console.error(help);
    return 2;
  }
  const options = {
    root: resolve(__dirname, '../../..'),
    program: join(__dirname, 'decoder-process.js'),
    files,
    seed,
  };
  let faults = 0;
  for (const one of formats satisfies readonly FuzzedFormat[]) {
    const report = await fuzzFormat(one, options);
    faults += report.faults.length;
    console.log(lines(report));
  }
  return faults === 0 ? 0 : 1;
}

function lines({ format, files, outcomes, faults, slowestMs, peakBytes }: FuzzReport): string {
  const counts = Object.entries(outcomes)
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, count]) => `${count} ${outcome}`);
  return [
    `${format.padEnd(5)} ${files} files: ${counts.join(', ')}; slowest ${Math.round(slowestMs)} ms, memory ${Math.round(peakBytes / 1e6)} MB, ${faults.length} faults`,
    ...faults.map(({ number, fault }) => `      file ${number}: ${fault}`),
  ].join('\n');
}

void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
