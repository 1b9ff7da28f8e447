/**
 * `npm run bench -- lengths`: what clips of many lengths cost. Two processes predict the same
 * amount of audio, one in clips of one length, the other in clips of as many lengths as there are
 * clips; they take turns, so that other work on the machine disturbs both. A third meets thousands
 * of lengths, while its memory and its registered functions are watched.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { permutation } from '../ced/augment/random';
import { engineEnvironment } from '../ced/engine/environment';
import { MODEL_PRESETS } from '../ced/model/config';
import { commandLine } from '../infra/command-line/command-line';
import { count, oneOf } from '../infra/command-line/option';
import { logitsSchema } from '../workflows/contract/run-file-sections';
import {
  isWithinGoals,
  lengthsTable,
  type LengthsResult,
  type ShardSample,
} from './lengths/report';
import type { LengthsWork } from './lengths/worker';
import { chunkSeconds, prepareShards, type PredictedShards } from './logits/shard';
import { MeasuredProcess } from './measured-process';
import { MODELS } from './models';

const line = commandLine({
  program: 'npm run bench',
  usage: 'lengths [options]',
  about: [
    'Measures the logits of clips of many lengths against as much audio in clips of one length, ' +
      'and watches memory and registered functions over thousands of lengths.',
  ],
  options: {
    model: { value: 'M', is: oneOf(...MODELS), default: 'tiny', help: "the teacher's size" },
    clips: { value: 'N', is: count, default: 200, help: 'clips, and lengths, of the comparison' },
    views: { value: 'N', is: count, default: 2, help: 'views of each clip in the comparison' },
    rounds: { value: 'N', is: count, default: 4, help: 'turns of each side, the first apart' },
    lengths: { value: 'N', is: count, default: 5000, help: 'lengths of the third process' },
    longest: { value: 'S', is: count, default: 4, help: 'seconds of the longest clip' },
    json: { help: 'print JSON' },
  },
  examples: ['npm run bench -- lengths --clips 100 --lengths 1000'],
});

const SHORTEST_SAMPLES = 4800;
const CLIPS_PER_SHARD = 500;
const TOP_K = 20;

/** @returns exit status: 1 when a goal is missed */
export async function lengthsBench(argv: readonly string[]): Promise<number> {
  return await line.run(argv, async ({ values }) => {
    const { model, clips, views, rounds, lengths, json } = values;
    const longest = values.longest * 16_000;
    const folder = mkdtempSync(join(tmpdir(), 'ced-bench-lengths-'));
    const prepare = (name: string, shards: number, each: number, of: (clip: number) => number) =>
      prepareShards(join(folder, name), shards, each, MODEL_PRESETS[model], of);
    try {
      const mean = (SHORTEST_SAMPLES + longest) / 2;
      const equal = await prepare('equal', 1, clips, () => mean);
      const varied = await prepare('varied', 1, clips, spread(clips, longest));
      const sides = await takeTurns([equal, varied], views, rounds + 1);
      const shards = Math.ceil(lengths / CLIPS_PER_SHARD);
      const many = await prepare(
        'many',
        shards,
        Math.ceil(lengths / shards),
        spread(lengths, longest),
      );
      const [samples = []] = await takeTurns([many], 1, shards);
      const [ofEqual = [], ofVaried = []] = sides;
      const result: LengthsResult = {
        model,
        clips,
        views,
        equal: ofEqual,
        varied: ofVaried,
        lengths,
        shards: samples,
      };
      console.log(json ? JSON.stringify(result) : lengthsTable(result));
      return isWithinGoals(result) ? 0 : 1;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

/** Lengths evenly from the shortest to the longest, in no order. */
function spread(clips: number, longest: number): (clip: number) => number {
  const order = permutation(1, 0, clips);
  const step = (longest - SHORTEST_SAMPLES) / Math.max(1, clips - 1);
  return (clip) => SHORTEST_SAMPLES + Math.round((order[clip % clips] ?? 0) * step);
}

/** @returns the samples of each side */
async function takeTurns(
  sides: readonly PredictedShards[],
  views: number,
  turns: number,
): Promise<ShardSample[][]> {
  const env = { ...process.env, ...engineEnvironment() };
  const started: MeasuredProcess[] = [];
  try {
    for (const { store, planKey, teacher, audio } of sides) {
      const settings = logitsSchema.parse({ views, topK: TOP_K, chunkSeconds, seed: 1 });
      const input = { store: '', planKey, shard: 0, ensemble: [teacher], settings };
      const work: LengthsWork = { folder: store, input, shards: audio.length };
      const args = [join(__dirname, 'lengths', 'worker.js'), JSON.stringify(work)];
      started.push(await MeasuredProcess.start(process.execPath, args, env));
    }
    const samples = started.map((): ShardSample[] => []);
    for (let turn = 0; turn < turns; turn++)
      for (const [side, measured] of started.entries())
        samples[side]?.push(await measured.run<ShardSample>());
    return samples;
  } finally {
    for (const measured of started) measured.stop();
  }
}
