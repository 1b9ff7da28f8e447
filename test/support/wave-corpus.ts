/** A small corpus of tones in a store, planned, ingested and finalized without a worker. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { localDependencies } from '../../activities/local-dependencies';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import type { FolderStore } from '../../storage/folder-store';
import { wavBytes } from '../ced/audio/wav-bytes';
import { ingestCorpus } from './in-process';

export interface WaveCorpus {
  planKey: string;
  /** Of train. */
  audio: CorpusAudio;
}

export const vocabularyCsv = (names: readonly string[]): string =>
  `index,mid,display_name\n${names.map((name, index) => `${index},,"${name}"\n`).join('')}`;

/** Three clips of train and three of validation, different tones around different means. */
export async function prepareWaves(
  folder: string,
  store: FolderStore,
  given: {
    classes: readonly string[];
    clipSeconds: number;
    /** @default a chunk */
    samplesOf?: ((clip: number) => number) | undefined;
  },
): Promise<WaveCorpus> {
  const { classes, clipSeconds, samplesOf = () => clipSeconds * 16_000 } = given;
  mkdirSync(join(folder, 'audio'));
  writeFileSync(join(folder, 'vocabulary.csv'), vocabularyCsv(classes));
  const writeClip = (split: string, clip: number, hertz: number): string => {
    // No mean of 0: a network of means would give equal values for it.
    const mean = 400 + 3000 * clip;
    const wave = Array.from({ length: samplesOf(clip) }, (_, at) =>
      Math.round(9000 * Math.sin((at * hertz * 2 * Math.PI) / 16_000) + mean),
    );
    writeFileSync(join(folder, `audio/${split}-${clip}.wav`), wavBytes([wave], { bits: 16 }));
    return JSON.stringify({
      clip: `${split}-${clip}`,
      audio: `audio/${split}-${clip}.wav`,
      labels: [clip],
    });
  };
  for (const [split, hertz] of [
    ['train', 220],
    ['validation', 330],
  ] as const)
    writeFileSync(
      join(folder, `${split}.jsonl`),
      [0, 1, 2].map((clip) => writeClip(split, clip, hertz * (clip + 1))).join('\n'),
    );
  const corpus = {
    train: 'train.jsonl',
    validation: 'validation.jsonl',
    vocabulary: 'vocabulary.csv',
    clipsPerShard: 8,
    maxRejected: 0,
  };
  const deps = localDependencies(folder, store);
  const planKey = await ingestCorpus(deps, corpus, { chunkSeconds: clipSeconds });
  const audio = await CorpusAudio.open(store, planKey, 'train');
  await audio.ready(audio.clips);
  return { planKey, audio };
}
