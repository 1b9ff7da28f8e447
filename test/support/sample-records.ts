/** Whole records for tests that look at a field or two of them. */
import type { CorpusManifest } from '../../storage/corpus/corpus-manifest';
import type { IngestManifest } from '../../storage/corpus/ingest-manifest';
import type { PlanManifest } from '../../storage/corpus/plan-manifest';
import type { ComputedDescription } from '../../storage/logits/logits-description';
import type { LogitsManifest } from '../../storage/logits/stored-shard';
import type { ScoresManifest } from '../../storage/scores';
import type { RunResult } from '../../workflows/contract/activities';

export function samplePlan(listings: string[]): PlanManifest {
  return {
    ...{ formatVersion: 1, chunkSeconds: 1, vocabulary: [] },
    splits: { train: { listings, clips: 1, rejected: 0 }, validation: null, eval: null },
  };
}

export function sampleIngest(audioSha256: string, clips: readonly string[] = []): IngestManifest {
  return {
    ...{ formatVersion: 1, audioSha256, audioBytes: 128, rejected: [], seconds: 1 },
    clips: clips.map((clip, index) => ({
      ...{ clip, sha256: clip.padEnd(64, '0'), offset: 16_000 * index, samples: 16_000 },
      labels: null,
    })),
  };
}

export function sampleCorpus(
  vocabulary: CorpusManifest['vocabulary'],
  shardsOf: NonNullable<CorpusManifest['splits']['train']>['shardsOf'],
): CorpusManifest {
  const [clips, chunks] = [shardsOf.length, shardsOf.length];
  const train = { shards: shardsOf.length, clips, chunks, samples: 1, rejected: 0, labelled: true };
  return {
    ...{ formatVersion: 1, chunkSeconds: 1, vocabulary },
    splits: { train: { ...train, shardsOf }, validation: null, eval: null },
  };
}

export function sampleLogitsManifest(change: Partial<LogitsManifest>): LogitsManifest {
  const rows = { rowsPlanned: 1, rowsWritten: 1 };
  return { formatVersion: 1, sha256: '0'.repeat(64), bytes: 1, ...rows, seconds: 1, ...change };
}

export function sampleDescription(
  teachers: readonly (Pick<ComputedDescription['teachers'][number], 'weightsSha256'> &
    Partial<ComputedDescription['teachers'][number]>)[],
): ComputedDescription {
  const named = { weight: 1, output: 'probabilities', classMap: [0], frontEnd: 'log-mel' } as const;
  return {
    teachers: teachers.map((teacher) => ({ ...named, ...teacher, classMap: [0] })),
    ...{ precision: 'float32', chunkSeconds: 1, views: 4, topK: 6, seed: 1 },
    augment: {
      shift: { maxFraction: 0, probability: 0 },
      timeMask: { maxFrames: 0 },
      freqMask: { maxBins: 0 },
    },
  };
}

export function sampleScoresManifest(change: Partial<ScoresManifest>): ScoresManifest {
  return { formatVersion: 1, mAP: null, clips: 4, classes: 3, seconds: 1, ...change };
}

/** Of a run whose logits lie under a key, with teachers and students by name. */
export function sampleResult(
  logitsKey: string,
  { teachers = [], students = {} }: { teachers?: string[]; students?: Record<string, string> } = {},
): RunResult {
  return {
    ...{ formatVersion: 1, run: 'run', workflowId: 'run', ensemble: { mAP: null } },
    teachers: teachers.map((name) => ({ name, parameters: 10, mAP: null })),
    students: Object.entries(students).map(([name, sha256]) => ({
      ...{ name, parameters: 10, mAP: null, agreement: null },
      ...{ checkpoint: `models/${sha256}`, sha256, bitExact: true },
    })),
    logits: { key: logitsKey, rows: 1, views: 1, bytes: 1, pcmBytes: 1 },
    ...{ rejected: 0, stages: [] },
  };
}
