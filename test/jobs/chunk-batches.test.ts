import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localDependencies } from '../../activities/local-dependencies';
import { frameCount, wholePatches } from '../../ced/audio/frames';
import { openEngine } from '../../ced/engine/engine';
import { initialWeights } from '../../ced/model/initial-weights';
import type { PredictionInput } from '../../ced/model/prediction-input';
import { Predictor } from '../../ced/model/predictor';
import { scoreClips, type ScoredModel } from '../../jobs/score/score-clips';
import { modelConfig } from '../../ced/model/shaped-config';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { modelSchema } from '../../workflows/contract/run-file-sections';
import { ingestCorpus, jobContextOn, storeBelow } from '../support/in-process';
import { writeToneCorpus } from '../support/tone-corpus';

const clipCount = 30;
/** Thirty lengths, of three to five whole patches. */
const samplesOf = (index: number): number => 8000 + 203 * index;

describe('clips of many lengths', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ced-lengths-'));
  const store = storeBelow(folder);
  const context = jobContextOn(store);
  const engine = openEngine();
  let audio: CorpusAudio;
  let predictor: Predictor;

  beforeAll(async () => {
    const counts = { train: 1, validation: clipCount, eval: 0 };
    const { train, validation, vocabulary } = writeToneCorpus(folder, counts, samplesOf);
    const deps = localDependencies(folder, store);
    const corpus = { train, validation, vocabulary, clipsPerShard: 50, maxRejected: 0 };
    const planKey = await ingestCorpus(deps, corpus);
    audio = await CorpusAudio.open(store, planKey, 'validation');
    const shape = modelSchema.parse({ embedDim: 32, depth: 1, heads: 2 });
    const config = modelConfig(shape, 1, audio.vocabulary);
    predictor = new Predictor(engine, config, initialWeights(config, 3), { precision: 'float32' });
  });
  afterAll(async () => {
    await audio.close();
    predictor.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const scored = async (
    onBatch: (input: PredictionInput) => void,
    frontEnd: 'log-mel' | 'waveform' = 'log-mel',
  ): Promise<Float32Array> => {
    const model: ScoredModel = {
      frontEnd,
      predict: (input) => {
        onBatch(input);
        return { values: predictor.probabilities(input), faults: new Map() };
      },
    };
    return (await scoreClips(audio, model, context, { name: 'model' })).values;
  };

  it('share batches and functions by whole patches, with the scores of single clips', async () => {
    const groups = new Set(
      Array.from({ length: clipCount }, (_, clip) => wholePatches(frameCount(samplesOf(clip)))),
    );
    const batches: PredictionInput[] = [];
    const before = engine.functionCount;
    const scores = await scored((input) => batches.push(input));
    expect(engine.functionCount - before).toBeLessThanOrEqual(2 * groups.size);
    expect(batches).toHaveLength(groups.size);
    for (const [index, clip] of audio.clips.entries()) {
      const pcm = new Int16Array(clip.samples);
      audio.read(clip, clip.chunks[0]!, pcm);
      const input = { pcm, batch: 1, samples: pcm.length, masks: null };
      const classes = audio.vocabulary.length;
      predictor
        .probabilities(input)
        .forEach((value, cls) =>
          expect(Math.abs(value - scores[index * classes + cls]!)).toBeLessThan(1e-5),
        );
    }
  });

  it('have batches of their own lengths for a model that takes waveforms', async () => {
    const batches: PredictionInput[] = [];
    await scored((input) => batches.push(input), 'waveform');
    expect(batches.map(({ batch, samples, lengths }) => [batch, samples, lengths])).toEqual(
      Array.from({ length: clipCount }, (_, clip) => [1, samplesOf(clip), undefined]),
    );
  });

  it('are read one batch ahead of the model and no further', async () => {
    const reads = jest.spyOn(audio, 'readLater');
    const rows: number[] = [];
    const readBefore: number[] = [];
    await scored(({ batch }) => {
      rows.push(batch);
      readBefore.push(reads.mock.calls.length);
    });
    const until = (batch: number): number =>
      rows.slice(0, batch + 1).reduce((sum, count) => sum + count, 0);
    readBefore.forEach((read, batch) => {
      expect(read).toBeGreaterThanOrEqual(until(batch));
      expect(read).toBeLessThanOrEqual(until(batch + 1));
    });
    reads.mockRestore();
  });
});
