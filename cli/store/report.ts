/** `ced report RUN --compare OTHER`: a run beside an earlier one. */
import type { z } from 'zod';
import { readPageAssets } from '../../activities/publish/page-assets';
import { commandLine } from '../../infra/command-line/command-line';
import { text, textOf } from '../../infra/command-line/option';
import { UsageError } from '../../infra/command-line/usage-error';
import { renderComparison } from '../../report/report-page';
import { compareRuns, type ComparedRun } from '../../report/run-comparison';
import { openStore } from '../../storage/open-store';
import { readRecordIfPresent } from '../../storage/record';
import { resultRecord } from '../../storage/run-result';
import { runScoresRecord } from '../../storage/run-scores';
import type { Command } from '../command';
import { printJson } from '../print-json';
import { writeWhole } from '../whole-file';
import { comparisonText } from './comparison-text';
import type { comparisonSchema } from './store-output';

const line = commandLine({
  program: 'ced report',
  usage: 'RUN --compare OTHER [options]',
  about: [
    'Compares a run with an earlier one: models with eval mAP and the 95 % interval of its ' +
      'difference over the classes, the classes that moved most, and the cost.',
  ],
  operands: {
    rows: {
      RUN:
        'STORE/runs/NAME, the latest run of that name, or STORE/runs/NAME/ID with its Temporal ' +
        'run id; STORE is a folder, gs://bucket/prefix or s3://bucket/prefix',
    },
    expected: 'one run',
    least: 1,
    most: 1,
  },
  options: {
    compare: {
      value: 'OTHER',
      is: textOf('the run to compare with'),
      required: true,
      help: 'the earlier run, named as RUN is; it may be in another store',
    },
    out: { value: 'FILE', is: text, help: 'write the comparison as an HTML page too' },
    json: { help: 'print the comparison as JSON' },
  },
  examples: [
    'ced report runs/mine/runs/mine --compare runs/old/runs/mine',
    'ced report runs/mine/runs/wide --compare runs/mine/runs/mine --out compared.html',
  ],
});

export const command: Command = {
  spec: line.spec,
  help: line.help,
  run: async (argv) =>
    await line.run(argv, async ({ values, operands }) => {
      const comparison = compareRuns(await readRun(values.compare), await readRun(operands[0]!));
      if (values.out !== undefined)
        await writeWhole([[values.out, renderComparison(comparison, readPageAssets())]]);
      if (values.json)
        printJson({ formatVersion: 1, ...comparison } satisfies z.output<typeof comparisonSchema>);
      else process.stdout.write(`${comparisonText(comparison)}\n`);
      return 0;
    }),
};

async function readRun(named: string): Promise<ComparedRun> {
  // The last `runs/` of a path is the store's: a store may lie in a folder `runs`.
  const [, store, key] = /^(.+)\/(runs\/[^/]+(?:\/[^/]+)?)\/*$/.exec(named) ?? [];
  if (store === undefined || key === undefined)
    throw new UsageError(`ced report: ${named}: expected STORE/runs/NAME or STORE/runs/NAME/ID`);
  const opened = openStore(process.cwd(), store);
  const result = await readRecordIfPresent(opened, `${key}/result.json`, resultRecord);
  if (result === null)
    throw new UsageError(
      `ced report: ${opened.uri} has no ${key}/result.json: no run published it`,
    );
  const scores = await readRecordIfPresent(opened, `${key}/scores.json`, runScoresRecord);
  return { place: named, result, scores };
}
