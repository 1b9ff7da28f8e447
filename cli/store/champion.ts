/** `ced champion FOLDER`: shows the lineage of a champion; `--rollback` restores the one before. */
import type { z } from 'zod';
import { ChampionLedger } from '../../storage/champion-ledger';
import { openStore } from '../../storage/open-store';
import type { ChampionEntry } from '../../workflows/contract/promotion';
import { commandLine } from '../../infra/command-line/command-line';
import { UsageError } from '../../infra/command-line/usage-error';
import { alignedTable } from '../aligned-table';
import type { Command } from '../command';
import { printJson } from '../print-json';
import type { championSchema } from './store-output';

const line = commandLine({
  program: 'ced champion',
  usage: 'FOLDER [options]',
  about: [
    'Shows the lineage of a champion: every entry, the newest last. The newest entry is the ' +
      'champion; its model is FOLDER/models/<sha256>.',
  ],
  operands: {
    rows: {
      FOLDER:
        'the run file\'s "promote.champion": a folder, gs://bucket/prefix or s3://bucket/prefix',
    },
    expected: 'one folder',
    least: 1,
    most: 1,
  },
  options: {
    rollback: {
      help:
        'append an entry that restores the previous champion; each repetition goes one champion ' +
        'further back',
    },
    json: { help: 'print the entries and the champion as JSON' },
  },
  examples: ['ced champion champions/instruments', 'ced champion gs://bucket/champion --rollback'],
});

export const command: Command = {
  spec: line.spec,
  help: line.help,
  run: async (argv) =>
    await line.run(argv, async ({ values, operands }) => {
      const folder = openStore(process.cwd(), operands[0]!);
      if (values.rollback) await rollBack(await ChampionLedger.read(folder), folder.uri);
      const { entries, head } = await ChampionLedger.read(folder);
      if (!head)
        throw new UsageError(
          `ced champion: there is no champion in ${folder.uri} yet; a run creates the first one ` +
            'in the folder that its "promote.champion" names',
        );
      if (values.json)
        printJson({ formatVersion: 1, champion: head, entries: [...entries] } satisfies z.output<
          typeof championSchema
        >);
      else process.stdout.write(`${lineage(entries, folder.uri)}\n`);
      return 0;
    }),
};

async function rollBack(ledger: ChampionLedger, uri: string): Promise<void> {
  const restored = ledger.rollback();
  if (!restored)
    throw new UsageError(`ced champion: ${uri} has no champion before the present one`);
  if ((await ledger.append({ ...restored, at: new Date().toISOString() })) === null)
    throw new UsageError(
      `ced champion: another entry was appended to ${uri} at the same time; ` +
        'look at the lineage before you roll back',
    );
}

function lineage(entries: readonly ChampionEntry[], uri: string): string {
  const rows = entries.map(
    ({ entry, at, student, mAP, against, action, tookBack, run, sha256 }) => [
      String(entry),
      at.slice(0, 16).replace('T', ' '),
      student,
      mAP.toFixed(3),
      action === 'rollback'
        ? `rolls ${tookBack} back`
        : against === null
          ? 'the first'
          : `beat ${against.entry} (${against.mAP?.toFixed(3)})`,
      `${run}`,
      `models/${sha256.slice(0, 12)}…`,
    ],
  );
  const header = ['n', 'when (UTC)', 'student', 'eval mAP', 'how', 'run', 'model'];
  const lines = alignedTable([header, ...rows], () => false);
  const champion = entries.at(-1);
  return [...lines, '', `champion  ${uri}/models/${champion?.sha256}`].join('\n');
}
