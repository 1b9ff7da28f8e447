/**
 * A tiny labelled corpus of real WAV files: tones, sweeps and noise bursts, one to three of six
 * classes a clip. Pure function of its seed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeWav } from '../../ced/audio/wav-file';
import { philox, streamKey, uniform } from '../../ced/augment/random';

const CLASSES = ['Low tone', 'Middle tone', 'High tone', 'Sweep', 'Noise', 'Clicks'] as const;
const SECOND = 16_000;

export interface ToneCorpus {
  train: string;
  validation: string;
  eval: string;
  vocabulary: string;
}

/**
 * Writes the corpus below `folder`; the paths returned are relative to it.
 * @param samplesOf length of each clip of a split, @default one second
 */
export function writeToneCorpus(
  folder: string,
  clips: { train: number; validation: number; eval: number },
  samplesOf: (index: number) => number = () => SECOND,
): ToneCorpus {
  mkdirSync(join(folder, 'audio'), { recursive: true });
  writeFileSync(
    join(folder, 'vocabulary.csv'),
    'index,mid,display_name\n' +
      CLASSES.map((name, index) => `${index},/t/${index},"${name}"\n`).join(''),
  );
  for (const split of ['train', 'validation', 'eval'] as const) {
    const rows = Array.from({ length: clips[split] }, (_, index) => {
      const { samples, labels } = renderClip(split, index, samplesOf(index));
      const audio = `audio/${split}-${index}.wav`;
      writeFileSync(join(folder, audio), encodeWav(samples));
      return JSON.stringify({
        clip: `${split}-${index}`,
        audio,
        labels: labels.map((label) => CLASSES[label]),
      });
    });
    writeFileSync(join(folder, `${split}.jsonl`), rows.join('\n') + '\n');
  }
  return {
    train: 'train.jsonl',
    validation: 'validation.jsonl',
    eval: 'eval.jsonl',
    vocabulary: 'vocabulary.csv',
  };
}

function renderClip(
  split: string,
  index: number,
  length: number,
): { samples: Int16Array; labels: number[] } {
  const key = streamKey('tone-corpus', split, index);
  const draw = (counter: number): number => uniform(philox(key, [counter, 0, 0, 0])[0]);
  const labels = [
    ...new Set([index % CLASSES.length, Math.floor(draw(0) * CLASSES.length)]),
  ].sort();
  const mix = new Float64Array(length);
  for (const label of labels) {
    const start = Math.floor(draw(10 + label) * length * 0.5);
    const hertz = [200, 800, 3000, 400, 0, 0][label] ?? 0;
    for (let at = start; at < length; at++) {
      const seconds = (at - start) / SECOND;
      if (label < 3)
        mix[at] =
          (mix[at] ?? 0) +
          0.3 * Math.sin(2 * Math.PI * hertz * (0.9 + 0.2 * draw(20 + label)) * seconds);
      else if (label === 3)
        mix[at] = (mix[at] ?? 0) + 0.3 * Math.sin(2 * Math.PI * (hertz + 2500 * seconds) * seconds);
      else if (label === 4) mix[at] = (mix[at] ?? 0) + 0.4 * (draw(1000 + at) - 0.5);
      else if (at % 1600 < 8) mix[at] = (mix[at] ?? 0) + 0.8;
    }
  }
  // A breath of noise makes every clip its own: two equal recordings in train and eval are an
  // error.
  for (let at = 0; at < length; at += 100)
    mix[at] = (mix[at] ?? 0) + 0.01 * (draw(50_000 + at) - 0.5);
  return {
    samples: Int16Array.from(mix, (value) => Math.round(Math.max(-1, Math.min(1, value)) * 32_000)),
    labels,
  };
}
