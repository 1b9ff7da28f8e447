/**
 * The benchmark's run file, AudioSet's settings with three teachers, and the continuation of such a
 * run in the middle of its logits.
 */
import type { StageName, StageStatus } from '../../workflows/contract/status';
import { planOf, checksummedOf, VIEWS, type CorpusSize } from './idle-activities';
import type { Continuation } from '../../workflows/continuation';

export function scaleRun(name: string, students: number, epochs: number): object {
  const teachers = ['a', 'b', 'c'].map((teacher) => ({
    name: teacher,
    checkpoint: `teachers/${teacher}`,
    format: 'ced',
  }));
  return {
    name,
    store: 'nowhere',
    corpus: {
      train: 'train.tsv',
      validation: 'validation.tsv',
      eval: 'eval.tsv',
      vocabulary: 'labels.csv',
      clipsPerShard: 500,
    },
    teachers,
    logits: { views: VIEWS },
    students: Array.from({ length: students }, (_, index) => ({
      name: `student-${index}`,
      model: 'tiny',
      epochs,
      mixup: 0,
    })),
  };
}

export function carriedAt(run: string, size: CorpusSize, shard: number): Continuation {
  const stage = (
    name: StageName,
    unit: string,
    state: StageStatus['state'],
    done = 0,
    total = done,
  ): StageStatus => ({ name, unit, state, done, total, seconds: 0 });
  const sha256 = 'a'.repeat(64);
  const teachers = ['a', 'b', 'c'].map((name) => ({ name, weight: 1, sha256, parameters: 86e6 }));
  return {
    status: {
      run,
      state: 'running',
      stages: [
        stage('plan', 'tables', 'done', 1),
        stage('download', 'shards', 'done', size.shards),
        stage('gate', 'models', 'done', 6),
        stage('logits', 'shards', 'running', shard, size.shards),
        stage('distill', 'students', 'waiting'),
        stage('evaluate', 'models', 'waiting'),
        stage('publish', 'reports', 'waiting'),
      ],
      epochs: {},
      scores: {},
      failures: [],
    },
    stopAfterEpoch: null,
    kept: {
      models: { teachers, inits: {} },
      'stage plan': planOf(size),
      'stage download': checksummedOf(size),
      'stage gate': null,
      logits: {
        key: sha256,
        rows: shard * 500 * VIEWS,
        views: VIEWS,
        bytes: shard * 2e6,
        pcmBytes: size.clips * 320_000,
      },
    },
  };
}
