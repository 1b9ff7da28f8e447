/**
 * `npm run bench -- lengths`: what clips of many lengths cost, in each stage of a run. Two
 * processes do the same amount of audio, one in clips of one length, the other in clips of as many
 * lengths as there are clips; they take turns, so that other work on the machine disturbs both. A
 * third predicts thousands of lengths, while its memory and its registered functions are watched.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chunkPlan } from '../ced/audio/chunks';
import { permutation } from '../ced/augment/random';
import { engineEnvironment } from '../ced/engine/environment';
import { MODEL_PRESETS } from '../ced/model/config';
import { commandLine } from '../infra/command-line/command-line';
import { count, oneOf, someOf } from '../infra/command-line/option';
import { logitsSchema } from '../workflows/contract/run-file-sections';
import {
  isWithinGoals,
  lengthsTable,
  type LengthsResult,
  type Padding,
  type StageSample,
} from './lengths/report';
import { STAGES, type LengthsWork, type Stage } from './lengths/stages';
import { chunkSeconds, prepareShards, type PredictedShards } from './logits/shard';
import { MeasuredProcess } from './measured-process';
import { MODELS } from './models';

const line = commandLine({
  program: 'npm run bench',
  usage: 'lengths [options]',
  about: [
    'Measures ingest, logits, training (an epoch) and scoring of clips of many lengths against ' +
      'as much audio in clips of one length, and watches memory and registered functions over ' +
      'thousands of lengths.',
  ],
  options: {
    model: { value: 'M', is: oneOf(...MODELS), default: 'tiny', help: "the teacher's size" },
    clips: { value: 'N', is: count, default: 200, help: 'clips, and lengths, of the comparison' },
    views: { value: 'N', is: count, default: 2, help: 'views of each clip in the comparison' },
    rounds: { value: 'N', is: count, default: 4, help: 'turns of each side, the first apart' },
    batch: { value: 'N', is: count, default: 32, help: "chunks of a training's step" },
    only: {
      value: 'STAGE,…',
      is: someOf(...STAGES),
      default: STAGES,
      help: `stages to compare: ${STAGES.join(', ')}`,
    },
    lengths: { value: 'N', is: count, default: 5000, help: 'lengths of the third process' },
    passes: { value: 'N', is: count, default: 2, help: 'times that the third meets them' },
    longest: {
      value: 'S',
      is: count,
      default: 4,
      help: 'seconds of the longest clip; chunks have at most 10',
    },
    json: { help: 'print JSON' },
  },
  examples: [
    'npm run bench -- lengths --clips 100 --lengths 1000',
    'npm run bench -- lengths --only ingest,training --longest 30',
  ],
});

const SHORTEST_SAMPLES = 4800;
const CLIPS_PER_SHARD = 500;
const TOP_K = 20;

interface TurnsWork {
  views: number;
  batchSize: number;
  clipsPerShard: number;
  /** Of a chunk. */
  seconds: number;
}

/** @returns exit status: 1 when a goal is missed */
export async function lengthsBench(argv: readonly string[]): Promise<number> {
  return await line.run(argv, async ({ values }) => {
    const { model, clips, views, rounds, batch, lengths, passes, json } = values;
    const longest = values.longest * 16_000;
    const seconds = Math.min(values.longest, chunkSeconds);
    const folder = mkdtempSync(join(tmpdir(), 'ced-bench-lengths-'));
    const prepare = (name: string, shards: number, each: number, of: (clip: number) => number) =>
      prepareShards(join(folder, name), shards, each, MODEL_PRESETS[model], of, seconds);
    try {
      const mean = (SHORTEST_SAMPLES + longest) / 2;
      const lengthsOf = { equal: () => mean, varied: spread(clips, longest) };
      const sides = [
        await prepare('equal', 1, clips, lengthsOf.equal),
        await prepare('varied', 1, clips, lengthsOf.varied),
      ];
      const work = { views, batchSize: batch, clipsPerShard: clips, seconds };
      const turns = values.only.flatMap((stage) => new Array<Stage>(rounds + 1).fill(stage));
      const [equal = [], varied = []] = await takeTurns(sides, work, turns);
      const stages = values.only.map((stage, at) => {
        const [from, to] = [at * (rounds + 1), (at + 1) * (rounds + 1)];
        return { stage, equal: equal.slice(from, to), varied: varied.slice(from, to) };
      });
      const shards = Math.ceil(lengths / CLIPS_PER_SHARD);
      const each = Math.ceil(lengths / shards);
      const many = await prepare('many', shards, each, spread(lengths, longest));
      const [samples = []] = await takeTurns(
        [many],
        { ...work, views: 1, clipsPerShard: each },
        new Array<Stage>(passes * shards).fill('logits'),
      );
      const padding = {
        equal: paddingOf(clips, lengthsOf.equal, seconds),
        varied: paddingOf(clips, lengthsOf.varied, seconds),
      };
      const result: LengthsResult = {
        ...{ model, clips, views, chunkSeconds: seconds, stages, padding },
        ...{ lengths, passes, shards: samples },
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

/** Of the chunks of a training, which have one length. */
function paddingOf(clips: number, samplesOf: (clip: number) => number, seconds: number): Padding {
  const chunks = Array.from({ length: clips }, (_, clip) =>
    chunkPlan(samplesOf(clip), seconds),
  ).flat();
  const samples = chunks.reduce((sum, { length }) => sum + length, 0);
  const rows = chunks.length;
  return { rows, silence: 1 - samples / (rows * seconds * 16_000) };
}

/** @returns the samples of each side, one for each of the turns */
async function takeTurns(
  sides: readonly PredictedShards[],
  { views, batchSize, clipsPerShard, seconds }: TurnsWork,
  turns: readonly Stage[],
): Promise<StageSample[][]> {
  const env = { ...process.env, ...engineEnvironment() };
  const started: MeasuredProcess[] = [];
  try {
    for (const { store, planKey, teacher, audio } of sides) {
      const settings = logitsSchema.parse({ views, topK: TOP_K, chunkSeconds: seconds, seed: 1 });
      const input = { store: '', planKey, shard: 0, ensemble: [teacher], settings };
      const work: LengthsWork = {
        ...{ folder: store, input, shards: audio.length },
        ...{ batchSize, clipsPerShard },
      };
      const args = [join(__dirname, 'lengths', 'worker.js'), JSON.stringify(work)];
      started.push(await MeasuredProcess.start(process.execPath, args, env));
    }
    const samples = started.map((): StageSample[] => []);
    for (const stage of turns)
      for (const [side, measured] of started.entries())
        samples[side]?.push(await measured.run<StageSample>(stage));
    return samples;
  } finally {
    for (const measured of started) measured.stop();
  }
}
