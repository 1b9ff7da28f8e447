/**
 * Surveys the logits of a store. Rows are counted from every manifest; contents are read from the
 * first few shards.
 */
import { CorpusNames } from '../../storage/corpus/corpus-names';
import { descriptionRecord } from '../../storage/logits/logits-description';
import { logitShards, readLogitTable } from '../../storage/logits/read-logits';
import { logitsRecord, type LogitsManifest } from '../../storage/logits/stored-shard';
import type { TeacherPair } from '../../ced/metrics/teacher-agreement';
import { layout } from '../../storage/layout';
import { readRecord, readRecordIfPresent, type RecordOf } from '../../storage/record';
import { resultRecord } from '../../storage/run-result';
import type { Store } from '../../storage/store';
import { halfValues } from '../../ced/logits/half';
import { shardColumnBytes } from '../../ced/logits/shard-size';
import type { RunResult } from '../../workflows/contract/activities';
import { scoresRecord } from '../../storage/scores';

export interface TeacherSurvey {
  sha256: string;
  /** From a finished run that used these logits; null without one. */
  name: string | null;
  /** Of all weights together. */
  share: number;
  frontEnd: string;
  scores: { mAP: number | null; clips: number }[];
}

export interface LogitsSurvey {
  key: string;
  /** Empty for published logits. */
  teachers: TeacherSurvey[];
  published: boolean;
  /** Of every two teachers, over all rows of the shards whose manifests record it. */
  agreement: TeacherPair[];
  settings: Record<string, unknown>;
  shards: number;
  rowsPlanned: number;
  rowsWritten: number;
  bytes: number;
  views: number;
  topK: number;
  /** The fields below are of this many shards. */
  shardsRead: number;
  rowsRead: number;
  bytesPerRow: Record<string, number>;
  /** Most probable on average, over the rows read. */
  topClasses: { index: number; name: string | null; mean: number; share: number }[];
  /**
   * Mean over rows of the sum over stored classes of their binary entropy, in bits: how undecided
   * the ensemble is.
   */
  entropyBits: number;
}

const topClassesShown = 10;

type Description = RecordOf<typeof descriptionRecord>;
type DescribedTeacher = Extract<Description, { teachers: unknown }>['teachers'][number];

/** @param keyPrefix only logits whose key starts with it */
export async function surveyLogits(
  store: Store,
  { keyPrefix, shards: limit }: { keyPrefix: string; shards: number },
): Promise<LogitsSurvey[]> {
  const shardsOf = await logitShards(store, keyPrefix);
  const names = await CorpusNames.read(store);
  const results = await readResults(store);
  const surveys: LogitsSurvey[] = [];
  for (const [key, audioShards] of shardsOf) {
    const { teachers, published, settings } = split(
      await readRecordIfPresent(store, layout.logitsDescription(key), descriptionRecord),
    );
    const counts = { shards: 0, rowsPlanned: 0, rowsWritten: 0, bytes: 0 };
    const manifests: LogitsManifest[] = [];
    for (const audioShard of audioShards) {
      const manifest = await readRecord(
        store,
        layout.logitsManifest(key, audioShard),
        logitsRecord,
      );
      manifests.push(manifest);
      counts.shards++;
      counts.rowsPlanned += manifest.rowsPlanned;
      counts.rowsWritten += manifest.rowsWritten;
      counts.bytes += manifest.bytes;
    }
    const weight = teachers.reduce((sum, teacher) => sum + teacher.weight, 0);
    const result = results.find(({ logits }) => logits?.key === key);
    surveys.push({
      key,
      teachers: await Promise.all(
        teachers.map((teacher, index) =>
          surveyTeacher(store, teacher, {
            name: result?.teachers[index]?.name ?? null,
            share: teacher.weight / weight,
          }),
        ),
      ),
      published,
      agreement: meanAgreement(manifests),
      settings,
      ...counts,
      ...(await surveyContents(store, key, audioShards.slice(0, limit), names, manifests)),
    });
  }
  return surveys;
}

/** Teachers apart from the settings; neither where a key has no description. */
function split(description: Description | null): {
  teachers: DescribedTeacher[];
  published: boolean;
  settings: Record<string, unknown>;
} {
  if (description === null) return { teachers: [], published: false, settings: {} };
  if ('teachers' in description) {
    const { teachers, ...settings } = description;
    return { teachers, published: false, settings };
  }
  const { published: _published, ...settings } = description;
  return { teachers: [], published: true, settings };
}

function meanAgreement(manifests: readonly LogitsManifest[]): TeacherPair[] {
  const telling = manifests.flatMap(({ agreement, rowsWritten }) =>
    agreement ? [{ agreement, rowsWritten }] : [],
  );
  const rows = telling.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
  return (telling[0]?.agreement ?? []).map(({ between }, pair) => {
    const mean = (field: 'topMatch' | 'meanDifference'): number =>
      telling.reduce(
        (sum, { agreement, rowsWritten }) =>
          sum + ((agreement[pair]?.[field] ?? 0) * rowsWritten) / rows,
        0,
      );
    return { between, topMatch: mean('topMatch'), meanDifference: mean('meanDifference') };
  });
}

async function readResults(store: Store): Promise<RunResult[]> {
  const results: RunResult[] = [];
  for (const path of await store.list('runs/'))
    if (/^runs\/[^/]+\/[^/]+\/result\.json$/.test(path))
      results.push(await readRecord(store, path, resultRecord));
  return results;
}

async function surveyTeacher(
  store: Store,
  { weightsSha256: sha256, frontEnd }: DescribedTeacher,
  of: Pick<TeacherSurvey, 'name' | 'share'>,
): Promise<TeacherSurvey> {
  const scores: TeacherSurvey['scores'] = [];
  for (const path of await store.list(`scores/${sha256}/`)) {
    if (!path.endsWith('.json')) continue;
    const { mAP, clips } = await readRecord(store, path, scoresRecord);
    scores.push({ mAP, clips });
  }
  return { sha256, ...of, frontEnd, scores };
}

type Contents = Pick<
  LogitsSurvey,
  'views' | 'topK' | 'shardsRead' | 'rowsRead' | 'bytesPerRow' | 'topClasses' | 'entropyBits'
>;

async function surveyContents(
  store: Store,
  key: string,
  audioShards: readonly string[],
  names: CorpusNames,
  manifests: readonly LogitsManifest[],
): Promise<Contents> {
  const columnBytes = new Map<string, number>();
  const sums = new Map<number, { probability: number; first: number }>();
  const seen = { rows: 0, views: 0, topK: 0, entropy: 0 };
  for (const audioShard of audioShards) {
    const { bytes, table } = await readLogitTable(store, key, audioShard);
    for (const [column, size] of shardColumnBytes(bytes))
      columnBytes.set(column, (columnBytes.get(column) ?? 0) + size);
    seen.rows += table.rows;
    seen.topK = table.topK;
    for (const view of table.view) seen.views = Math.max(seen.views, view + 1);
    table.indexes.forEach((index, at) => {
      const probability = halfValues[table.values[at]!]!;
      const sum = sums.get(index) ?? { probability: 0, first: 0 };
      sum.probability += probability;
      if (at % table.topK === 0) sum.first++;
      sums.set(index, sum);
      seen.entropy += binaryEntropyBits(probability);
    });
  }
  const rows = Math.max(1, seen.rows);
  const topClasses = [...sums]
    .sort((a, b) => b[1].probability - a[1].probability || a[0] - b[0])
    .slice(0, topClassesShown);
  const [first = ''] = audioShards;
  const audioShard = manifests[0]?.audio ?? first;
  return {
    views: seen.views,
    topK: seen.topK,
    shardsRead: audioShards.length,
    rowsRead: seen.rows,
    bytesPerRow: Object.fromEntries(
      [...columnBytes].map(([column, size]) => [column, size / rows]),
    ),
    topClasses: topClasses.map(([index, { probability, first }]) => ({
      index,
      name: names.className(audioShard, index),
      mean: probability / rows,
      share: first / rows,
    })),
    entropyBits: seen.entropy / rows,
  };
}

function binaryEntropyBits(probability: number): number {
  if (probability <= 0 || probability >= 1) return 0;
  return -probability * Math.log2(probability) - (1 - probability) * Math.log2(1 - probability);
}
