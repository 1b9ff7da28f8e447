import { distillRunSchema, teachRunSchema } from '../../workflows/contract/run-file';
import { runSummary } from '../../workflows/contract/run-summary';

const corpus = { train: 'train.jsonl', validation: 'val.jsonl', vocabulary: 'labels.csv' };
const shape = { embedDim: 32, depth: 1, heads: 2 };

describe('what Temporal keeps of a run in words', () => {
  it('counts students and teachers, and names them, the audio and the store', () => {
    const run = distillRunSchema.parse({
      ...{ name: 'mine', store: 'runs/mine', corpus },
      teachers: ['a', 'b'].map((name) => ({ name, checkpoint: name, format: 'ced' })),
      students: [{ name: 'piccolo', model: shape, epochs: 2 }],
    });
    expect(runSummary(run)).toEqual({
      summary: '1 student from 2 teachers',
      details: 'Students: piccolo. Ensemble: a, b. Audio: train.jsonl. Store: runs/mine.',
    });
  });

  it('tells a training from labels apart, and is cut where the server would refuse it', () => {
    const many = Array.from({ length: 200 }, (_, index) => ({
      ...{ name: `teacher-with-a-long-name-${index}`, model: shape, epochs: 2 },
    }));
    const run = teachRunSchema.parse({ name: 'mine', store: 'runs/mine', corpus, teachers: many });
    const { summary, details } = runSummary(run);
    expect(summary).toBe('200 teachers from labels');
    expect(details.length).toBeLessThan(2100);
  });
});
