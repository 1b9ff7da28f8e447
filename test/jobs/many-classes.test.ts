/** @jest-environment ./test/support/one-realm-environment.cjs */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import { importModels } from '../../activities/import-models';
import { ingestShard } from '../../activities/ingest-shard';
import { localDependencies } from '../../activities/local-dependencies';
import { planCorpus } from '../../activities/plan-corpus';
import {
  abstentionNote,
  classMap,
  missingClasses,
  requireEveryClass,
} from '../../ced/teachers/class-map';
import { formatVocabularyCsv, type Vocabulary } from '../../ced/teachers/vocabulary';
import { trainJob } from '../../jobs/train/training-job';
import { loadModel } from '../../storage/models/model-folder';
import { distillRunSchema } from '../../workflows/contract/run-file';
import { withClassList } from '../../workflows/contract/teacher-vocabulary';
import { onnxBytes } from '../ced/teachers/onnx-bytes';
import { jobContextOn, predictAndWrite, storeBelow } from '../support/in-process';
import { writeToneCorpus } from '../support/tone-corpus';
import { trainingInput } from '../support/training-input';

const CLASSES = 10_000;
const ignore = (): void => undefined;
const vocabularyOf = (count: number): Vocabulary =>
  Array.from({ length: count }, (_, index) => ({ mid: `/b/${index}`, name: `Bird ${index}` }));

describe('ten thousand classes', () => {
  it('are matched in a number of look-ups that grows with their number only', () => {
    let reads = 0;
    const counted = (vocabulary: Vocabulary): Vocabulary =>
      vocabulary.map(({ mid, name }) => ({
        get mid() {
          reads++;
          return mid;
        },
        get name() {
          reads++;
          return name;
        },
      }));
    const readsOf = (count: number): number => {
      reads = 0;
      const run = counted(vocabularyOf(count));
      const teacher = counted(vocabularyOf(2 * count).slice(0, -count / 2));
      const other = counted(vocabularyOf(count / 2));
      const maps = [teacher, other].map((own) => classMap(own, run, 'abstain'));
      for (const map of maps) abstentionNote(map, run);
      requireEveryClass(maps, run);
      expect(maps.map((map) => missingClasses(map).length)).toEqual([0, count / 2]);
      return reads;
    };
    expect(readsOf(CLASSES) / CLASSES).toBeCloseTo(readsOf(100) / 100, 1);
  });

  it('of a teacher are those of a run without a list, and of its student by name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ced-many-'));
    try {
      const store = storeBelow(folder);
      const context = jobContextOn(store);
      const deps = localDependencies(folder, store);
      const vocabulary = vocabularyOf(CLASSES);
      writeToneCorpus(folder, { train: 4, validation: 0, eval: 0 });
      const table = join(folder, 'train.jsonl');
      writeFileSync(table, readFileSync(table, 'utf8').replace(/,"labels":\[[^\]]*\]/g, ''));
      writeFileSync(join(folder, 'birds.csv'), formatVocabularyCsv(vocabulary));
      const gains = Array.from({ length: CLASSES }, (_, index) => (index % 977) - 400);
      writeFileSync(join(folder, 'birds.onnx'), onnxBytes(gains));
      const run = distillRunSchema.parse({
        ...{ name: 'r', store: 's', corpus: { train: 'train.jsonl', vocabulary: 'teacher:birds' } },
        teachers: [
          {
            ...{ name: 'birds', format: 'onnx', checkpoint: 'birds.onnx', output: 'logits' },
            ...{ vocabulary: 'birds.csv', spectrogramMasks: 'skip' },
          },
        ],
        logits: { views: 1, topK: 5, chunkSeconds: 1, seed: 7 },
        students: [
          {
            ...{ name: 'small', model: { embedDim: 16, depth: 1, heads: 2 }, batchSize: 4 },
            ...{ epochs: 1, warmupSteps: 0 },
          },
        ],
      });
      const { corpus, teachers, students, logits } = withClassList(run);
      const plan = await planCorpus(deps, { store: '', corpus, chunkSeconds: 1 }, ignore);
      const { planKey } = plan;
      expect(plan.classes).toBe(CLASSES);
      const imported = await importModels(deps, {
        ...{ store: '', vocabulary: corpus.vocabulary, teachers, inits: [], chunkSeconds: 1 },
      });
      expect(JSON.stringify([plan, imported]).length).toBeLessThan(10_000);
      await ingestShard(deps, { store: '', planKey, split: 'train', shard: 0 }, ignore);
      await finalizeCorpus(deps, { store: '', planKey, maxRejected: 0, chunkSeconds: 1 });
      if ('published' in logits) throw new Error('no logits to predict');
      const ensemble = imported.teachers;
      const predicting = { store: '', planKey, shard: 0, ensemble, settings: logits };
      const { logitsKey, rows } = await predictAndWrite(context, predicting);
      expect(rows).toBe(4);
      const trained = await trainJob(
        context,
        trainingInput({
          ...{ planKey, settings: students[0]!, augment: logits.augment, ensemble },
          ...{ hasValidation: false },
          targets: { kind: 'logits', logitsKey, storedViews: 1, storedTopK: 5, seed: 7 },
        }),
      );
      const { config } = await loadModel(store, trained.sha256);
      expect(config.outputdim).toBe(CLASSES);
      expect(config.id2label?.['9999']).toBe('Bird 9999');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
