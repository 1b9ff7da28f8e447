/**
 * Makes small models and audio, exports the models, and writes what our engine gives: the folder
 * that `tools/export-check.mjs` lets other libraries read.
 * usage: node dist/tools/export-check/main.js FOLDER
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine } from '../../ced/engine/engine';
import { modelConfigSchema, type ModelConfig } from '../../ced/model/config';
import { initialWeights } from '../../ced/model/initial-weights';
import { Predictor } from '../../ced/model/predictor';
import { encodeSafetensors } from '../../ced/model/safetensors';
import type { Weights } from '../../ced/model/weights';
import { ced } from '../../cli/main';

const POOLINGS = ['mean', 'logit', 'token', 'dm'] as const;
/** Of the clips: one shorter than a window, one of a window, one of three pieces. */
const SAMPLES = [16_000, 160_000, 400_077];

async function main(folder: string): Promise<void> {
  const clips = SAMPLES.map((samples, at) => sound(samples, at));
  const expected: Record<string, number[][]> = {};
  for (const pooling of POOLINGS) {
    const config = modelConfigSchema.parse({
      ...{ embed_dim: 64, depth: 3, num_heads: 4, outputdim: 13, pooling },
      id2label: Object.fromEntries(Array.from({ length: 13 }, (_, at) => [at, `sound "${at}"`])),
    });
    const weights = lively(initialWeights(config, 7));
    const checkpoint = join(folder, pooling, 'ced');
    mkdirSync(checkpoint, { recursive: true });
    writeFileSync(join(checkpoint, 'config.json'), JSON.stringify(config));
    writeFileSync(join(checkpoint, 'model.safetensors'), encodeSafetensors(weights, 'F32'));
    for (const format of ['transformers', 'sherpa'])
      await ced([
        'export',
        '--model',
        checkpoint,
        '--to',
        format,
        '--out',
        join(folder, pooling, format),
      ]);
    expected[pooling] = clips.map((clip) => predicted(config, weights, clip));
  }
  clips.forEach((clip, at) =>
    writeFileSync(
      join(folder, `clip-${at}.f32`),
      Float32Array.from(clip, (x) => x / 32_768),
    ),
  );
  writeFileSync(join(folder, 'expected.json'), JSON.stringify(expected));
}

/** Random weights away from their start, at which all classes are alike. */
function lively(weights: Weights): Weights {
  return new Map(
    [...weights].map(([name, { shape, data }]) => {
      const size = name.startsWith('outputlayer') ? 0.4 : 0.05;
      return [name, { shape, data: data.map((value, at) => value + size * Math.sin(at * at)) }];
    }),
  );
}

function sound(samples: number, seed: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, at) => {
    const rising = Math.sin(at * 0.02 * (1 + seed) + at * at * 3e-7);
    const noise = ((at * 7919 + seed) % 601) - 300;
    return 6000 * rising * (1 + Math.sin(at * 0.0005)) + noise;
  });
}

function predicted(config: ModelConfig, weights: Weights, pcm: Int16Array): number[] {
  const predictor = new Predictor(openEngine(), config, weights, { precision: 'float32' });
  const scores = predictor.probabilities({ pcm, batch: 1, samples: pcm.length, masks: null });
  predictor.dispose();
  return [...scores];
}

void main(process.argv[2]!);
