/** Reads a corpus with the tables, sources and decoders of a run, and writes nothing. */
import { createHash } from 'node:crypto';
import { ContentIndex, SMALLEST_FIRST } from '../../storage/corpus/content-index';
import type { ChannelChoice } from '../../ced/audio/channels';
import { readClips } from '../../activities/ingest/read-clips';
import { classCounts } from '../../activities/plan-corpus';
import { listClips } from '../../activities/plan/list-clips';
import { readTables } from '../../activities/plan/read-table';
import type { TableRow } from '../../ced/corpus/table-row';
import type { Split } from '../../workflows/contract/models';
import type { SourceOptions } from '../../storage/sources/source';
import { sampleRate } from '../../ced/audio/mono16k';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import type { RejectedClip } from '../../report/run-corpus';
import { spread } from './spread';

export interface SurveyOptions {
  root: string;
  sources: SourceOptions;
  /** Where relative paths of audio start; absent = each table's folder. */
  audioRoot?: string;
  /** What is made of several channels. @default 'mix' */
  channels?: ChannelChoice;
  /** null = the labels in the tables. */
  vocabulary: Vocabulary | null;
  /** As a `distill` run: labels of train that the vocabulary lacks reject no clip. */
  ignoreTrainLabels?: boolean;
  /** Read this many clips, evenly spread, instead of all. */
  sample?: number;
  onProgress?: (done: number, total: number) => void;
}

export interface SplitSurvey {
  split: Split;
  table: string;
  /** Usable rows; with `sample`, more than `read`. */
  clips: number;
  /** Clips that were read and decoded. */
  read: number;
  /** Seconds of each of them. */
  seconds: number[];
  labelled: number;
  /** Clips of each class, most frequent first. */
  classes: { name: string; clips: number }[];
  rejected: RejectedClip[];
  /** What was adapted or passed over in the tables, a sentence each. */
  notes: string[];
}

/** Splits smallest first, `train` last: see ContentIndex. */
export async function surveyCorpus(
  tables: Partial<Record<Split, string>>,
  options: SurveyOptions,
): Promise<{ splits: SplitSurvey[]; content: ContentIndex }> {
  const content = new ContentIndex();
  const splits: SplitSurvey[] = [];
  for (const split of SMALLEST_FIRST) {
    const table = tables[split];
    if (table !== undefined) splits.unshift(await surveySplit(split, table, content, options));
  }
  return { splits, content };
}

async function surveySplit(
  split: Split,
  table: string,
  content: ContentIndex,
  options: SurveyOptions,
): Promise<SplitSurvey> {
  const { root, sources } = options;
  const read = await readTables(root, `corpus.${split}`, table, sources, options.audioRoot);
  const { rows, rejected } = read;
  const vocabulary = options.vocabulary ?? labelsOf(rows);
  const ignoreUnknownLabels = split === 'train' && options.ignoreTrainLabels === true;
  const listed = await listClips(read, { root, vocabulary, sources, ignoreUnknownLabels });
  const chosen = spread(listed, options.sample ?? listed.length);
  const seconds: number[] = [];
  for await (const { listed: clip, pcm } of readClips(chosen, options.sources, options.channels)) {
    if (typeof pcm === 'string') rejected.push({ clip: clip.clip, reason: pcm });
    else {
      seconds.push(pcm.length / sampleRate);
      content.add(
        split,
        clip.clip,
        createHash('sha256')
          .update(new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength))
          .digest('hex'),
      );
    }
    options.onProgress?.(seconds.length, chosen.length);
  }
  return {
    split,
    table,
    clips: listed.length,
    read: seconds.length,
    seconds,
    labelled: listed.filter(({ labels }) => labels !== null).length,
    classes: classCounts(listed, vocabulary).sort((a, b) => b.clips - a.clips),
    rejected: rejected.map(({ clip, reason }) => ({ split, clip, reason })),
    notes: read.notes,
  };
}

/** Classes of tables without a vocabulary: every name in them, and numbers up to the largest. */
function labelsOf(rows: readonly TableRow[]): Vocabulary {
  const labels = rows.flatMap((row) => row.labels ?? []);
  const numbers = labels
    .filter((label) => typeof label === 'number')
    .reduce((largest, label) => Math.max(largest, label + 1), 0);
  const names = [...new Set(labels.filter((label) => typeof label === 'string'))].sort();
  return [...Array.from({ length: numbers }, (_, index) => `class ${index}`), ...names].map(
    (name) => ({ mid: '', name }),
  );
}
