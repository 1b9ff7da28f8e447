/**
 * The leaderboard of docs/results.md: what a run costs, from its file to an evaluated student of at
 * least 95 % of its ensemble's eval mAP, by commit. Its entries are lines of
 * docs/results/leaderboard.jsonl.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { wrapText } from '../../infra/wrap-text';
import type { RunResult } from '../../workflows/contract/activities';

const SHARE = 0.95;
const TITLE = '## Minutes to 95 % of the ensemble';

const entrySchema = z.object({
  commit: z.string(),
  /** Of the commit, such as 2026-11-30. */
  date: z.string(),
  machine: z.string(),
  run: z.string(),
  student: z.string(),
  parameters: z.number(),
  minutes: z.number(),
  studentMAP: z.number(),
  ensembleMAP: z.number(),
});
export type LeaderboardEntry = z.output<typeof entrySchema>;

/**
 * The entry of a run's best student.
 * @throws {Error} where the student stays under the share, or the result says no cost
 */
export function entryOf(
  { run, ensemble, students, cost }: RunResult,
  made: Pick<LeaderboardEntry, 'commit' | 'date' | 'machine'>,
): LeaderboardEntry {
  const [best] = students.toSorted((a, b) => (b.mAP ?? 0) - (a.mAP ?? 0));
  if (best?.mAP == null || ensemble.mAP === null)
    throw new Error('the result has no eval mAP of a student and of the ensemble');
  if (cost === undefined || cost.unknown !== undefined)
    throw new Error('the result does not say what all of its models cost: run it in a new store');
  const share = best.mAP / ensemble.mAP;
  if (share < SHARE)
    throw new Error(`${best.name} has ${percent(share)} of the ensemble's mAP, expected 95 %`);
  return {
    ...made,
    run,
    student: best.name,
    parameters: best.parameters,
    minutes: cost.seconds / 60,
    studentMAP: best.mAP,
    ensembleMAP: ensemble.mAP,
  };
}

/** @param docs the folder of docs/ */
export function leaderboardFile(docs: string): string {
  return join(docs, 'results', 'leaderboard.jsonl');
}

export function readLeaderboard(docs: string): LeaderboardEntry[] {
  const file = leaderboardFile(docs);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => entrySchema.parse(JSON.parse(line)));
}

/** The section of docs/results.md, fastest first. */
export function leaderboardSection(entries: readonly LeaderboardEntry[]): string {
  const about =
    'What a run takes with nothing in its store: reading the corpus, the teachers, their logits, ' +
    'the training and the evaluation. A run counts when the eval mAP of its best student is at ' +
    "least 95 % of the ensemble's. `npm run leaderboard -- RESULT` adds a finished run.";
  const rows = entries
    .toSorted((a, b) => a.minutes - b.minutes)
    .map(
      (entry) =>
        `| ${entry.minutes.toFixed(1)} | ${entry.run} | ${entry.student}, ` +
        `${(entry.parameters / 1e6).toFixed(2)} M | ${entry.studentMAP.toFixed(3)}, ` +
        `${percent(entry.studentMAP / entry.ensembleMAP)} | \`${entry.commit}\`, ${entry.date} | ` +
        `${entry.machine} |\n`,
    );
  const table =
    '| minutes | run | student | eval mAP, of the ensemble | commit | machine |\n' +
    `| ---: | --- | --- | --- | --- | --- |\n${rows.join('')}`;
  const body = rows.length === 0 ? 'No run of this version has been added yet.\n' : table;
  return `${TITLE}\n\n${wrapText(about)}\n\n${body}`;
}

/** The page with its section written anew, or added at its end. */
export function withLeaderboard(page: string, entries: readonly LeaderboardEntry[]): string {
  const at = page.indexOf(`\n${TITLE}\n`);
  const before = at < 0 ? page : page.slice(0, at);
  return `${before.trimEnd()}\n\n${leaderboardSection(entries)}`;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
