/** `ced champion FOLDER`: the lineage of a champion; `--rollback` appends the one before it. */
import { parseArgs } from 'node:util';
import { ChampionLedger } from '../../storage/champion-ledger';
import { openStore } from '../../storage/open-store';
import type { ChampionEntry } from '../../workflows/contract/promotion';
import type { Command } from '../command';
import { UsageError } from '../failure';

const help = `ced champion FOLDER [options]

Shows every champion there has been, the newest last, which is the one that counts. Its model is FOLDER/models/<sha256>.

  FOLDER        the run file's "promote.champion": a folder or gs://bucket/prefix
  --rollback    take the newest champion back: appends an entry that names the one before it. Again, and it is the one before that.
  --json        print the entries, and which counts, as JSON
  --help        this text`;

export const command: Command = {
  summary: "show a champion's lineage, or go back to the one before",
  help,
  async run(argv) {
    const options = { rollback: { type: 'boolean' }, json: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
    const [uri, ...rest] = positionals;
    if (uri === undefined || rest.length > 0)
      throw new UsageError('ced champion: expected one folder; see ced champion --help');
    const folder = openStore(process.cwd(), uri);
    const before = await ChampionLedger.read(folder);
    if (values.rollback) await takeBack(before, folder.uri);
    const { entries, head } = values.rollback ? await ChampionLedger.read(folder) : before;
    if (values.json)
      process.stdout.write(`${JSON.stringify({ champion: head, entries }, null, 2)}\n`);
    else
      process.stdout.write(
        `${head ? lineage(entries, folder.uri) : `no champion in ${folder.uri} yet`}\n`,
      );
    return 0;
  },
};

async function takeBack(ledger: ChampionLedger, uri: string): Promise<void> {
  const restored = ledger.rollback();
  if (!restored)
    throw new UsageError(`ced champion: no champion in ${uri} comes before the one that counts`);
  if ((await ledger.append({ ...restored, at: new Date().toISOString() })) === null)
    throw new UsageError(
      `ced champion: another champion was appended to ${uri} at this moment; look at the lineage before you take it back`,
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
        ? `takes ${tookBack} back`
        : against === null
          ? 'the first'
          : `beat ${against.entry} (${against.mAP?.toFixed(3)})`,
      `${run}`,
      `models/${sha256.slice(0, 12)}…`,
    ],
  );
  const header = ['n', 'when (UTC)', 'student', 'eval mAP', 'how', 'run', 'model'];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = [header, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const champion = entries.at(-1);
  return [...lines, '', `champion  ${uri}/models/${champion?.sha256}`].join('\n');
}
