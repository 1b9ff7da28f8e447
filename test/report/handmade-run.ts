/**
 * A finished run in a folder of its own, written by hand: four eval clips of three classes, two
 * teachers, one student.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import type { ActivityDependencies } from '../../activities/dependencies';
import { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';
import { encodeJson, sha256 } from '../../storage/store';
import { encodeNpyInt16 } from '../../ced/audio/npy';
import type { PublishInput } from '../../workflows/contract/activities';
import { trainedModel } from './sample-report';
import type { Split } from '../../workflows/contract/models';
import type { IngestManifest } from '../../storage/corpus/ingest-manifest';
import type { CorpusManifest } from '../../storage/corpus/corpus-manifest';
import type { ScoresManifest } from '../../storage/scores';

export const PLAN = 'a'.repeat(64);
const VOCABULARY = [
  { mid: '/m/0', name: 'Bell' },
  { mid: '/m/1', name: 'Drum' },
  { mid: '/m/2', name: 'Harp' },
];
const LABELS = [[0], [1], [0, 2], []];
const SAMPLES = 400;

/** [4 clips, 3 classes]. Average precisions: right 1, 1, 1; wrong 5/6, 1/2, 1. */
const RIGHT = [0.9, 0.1, 0.1, 0.1, 0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.1, 0.1];
const WRONG = [0.9, 0.9, 0.1, 0.8, 0.8, 0.2, 0.7, 0.1, 0.9, 0.1, 0.2, 0.3];

const student = trainedModel('mini', 1000, { steps: 20, epochs: 2, bestEpoch: 2, rowsTrained: 8 });

/** Of all runs of a test file. */
const folder = mkdtempSync(join(tmpdir(), 'ced-handmade-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

export interface HandmadeRun {
  store: FolderStore;
  deps: ActivityDependencies;
  input: PublishInput;
}

/**
 * @param options.labelled whether eval's clips carry labels;
 * @param options.splits besides train
 */
export async function handmadeRun({
  labelled = true,
  splits = ['validation', 'eval'] as Split[],
} = {}): Promise<HandmadeRun> {
  const store = new FolderStore(await mkdtemp(join(folder, 'run-')));
  const corpus: CorpusManifest = {
    formatVersion: 1,
    chunkSeconds: 1,
    vocabulary: VOCABULARY,
    splits: { train: null, validation: null, eval: null },
  };
  for (const split of ['train', ...splits] as Split[])
    corpus.splits[split] = await writeSplit(store, split, labelled);
  await store.create(layout.corpus(PLAN), encodeJson(corpus));
  const input = publishInput(store.uri);
  for (const split of splits) {
    const audio = await CorpusAudio.open(store, PLAN, split);
    await audio.close();
    const scored = [
      ...input.ensemble.map(({ sha256 }, index) => ({
        sha256,
        scores: index === 0 ? RIGHT : WRONG,
      })),
      { sha256: student.sha256, scores: WRONG },
    ];
    for (const { sha256: model, scores } of scored) {
      const manifest: ScoresManifest = {
        formatVersion: 1,
        mAP: null,
        clips: 4,
        classes: 3,
        seconds: 1,
      };
      await store.create(
        layout.scores(model, audio.contentSha256),
        new Uint8Array(Float32Array.from(scores).buffer),
      );
      await store.create(layout.scoresManifest(model, audio.contentSha256), encodeJson(manifest));
    }
  }
  const lines = [
    { step: 0, loss: 0.7, lr: 1e-3 },
    { epoch: 1, step: 10, loss: 0.6, mAP: 0.5 },
    { step: 10, loss: 0.5, lr: 5e-4 },
    { epoch: 2, step: 20, loss: 0.4, mAP: 0.75 },
  ];
  await store.create(
    layout.metrics(student.trainingKey, 0, 20),
    Buffer.from(lines.map((line) => JSON.stringify(line) + '\n').join('')),
  );
  return { store, deps: dependencies(store), input };
}

async function writeSplit(
  store: FolderStore,
  split: Split,
  labelled: boolean,
): Promise<CorpusManifest['splits']['train']> {
  const total = LABELS.length * SAMPLES;
  const samples = Int16Array.from({ length: total }, (_, index) => index + split.length);
  const audio = encodeNpyInt16(total, [samples]);
  const clips = LABELS.map((labels, index) => ({
    clip: `${split}-${index}`,
    sha256: sha256(new Uint8Array(samples.slice(index * SAMPLES, (index + 1) * SAMPLES).buffer)),
    offset: index * SAMPLES,
    samples: SAMPLES,
    labels: labelled ? labels : null,
  }));
  const rejected =
    split === 'train'
      ? [
          { clip: '<b>torn</b>', reason: 'damaged: frame 3' },
          { clip: 'gone', reason: 'no such file: gone.wav' },
        ]
      : [];
  const ingest: IngestManifest = {
    formatVersion: 1,
    audioSha256: sha256(audio),
    audioBytes: audio.length,
    clips,
    rejected,
    seconds: 1,
  };
  const key = layout.ingest(sha256(split));
  await store.create(layout.audio(ingest.audioSha256), audio);
  await store.create(key, encodeJson(ingest));
  const counts = {
    shards: 1,
    clips: 4,
    chunks: 4,
    samples: total,
    rejected: rejected.length,
    labelled,
  };
  return {
    ...counts,
    shardsOf: [{ ingest: key, audioSha256: ingest.audioSha256, clips: 4, chunks: 4 }],
  };
}

function publishInput(store: string): PublishInput {
  return {
    store,
    run: 'handmade',
    workflowId: 'my-run',
    workflowRunId: 'first',
    planKey: PLAN,
    kind: 'distill',
    runFile: { name: 'handmade' },
    // Weighed so that the ensemble follows the wrong teacher: with equal weights it would be right
    // everywhere.
    ensemble: [
      { name: 'right', sha256: '1'.repeat(64), parameters: 3000, weight: 1 },
      { name: 'wrong', sha256: '2'.repeat(64), parameters: 4000, weight: 15 },
    ],
    logits: { key: 'c'.repeat(64), rows: 8, views: 2, bytes: 320, pcmBytes: 3200 },
    students: [student],
    stages: [
      { name: 'logits', seconds: 2 },
      { name: 'distill', seconds: 3 },
    ],
  };
}

function dependencies(store: FolderStore): ActivityDependencies {
  const never = (): never => {
    throw new Error('publishing computes nothing');
  };
  return {
    root: '/',
    openStore: () => store,
    engine: { run: never },
    monotonicMs: never,
    notifyEpoch: never,
  };
}
