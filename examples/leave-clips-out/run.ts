/** The run file, as an object that the compiler checks. */
import type { DistillInput } from 'ced-distillation/contract';

export const run: DistillInput = {
  name: 'selected',
  store: 'runs/selected',
  corpus: {
    train: 'data/train.jsonl',
    validation: 'data/validation.jsonl',
    eval: 'data/eval.jsonl',
    vocabulary: 'teacher:alto',
  },
  teachers: [
    {
      name: 'alto',
      checkpoint: 'node_modules/ced-distillation/examples/instruments/teachers/alto',
      format: 'ced',
    },
  ],
  logits: { views: 2, topK: 8, chunkSeconds: 1 },
  // Asked once the logits are stored.
  selection: { activity: 'leaveOutUncertain', taskQueue: 'selection' },
  students: [
    {
      name: 'small',
      model: { embedDim: 32, depth: 1, heads: 2 },
      epochs: 2,
      batchSize: 8,
      warmupSteps: 2,
    },
  ],
};
