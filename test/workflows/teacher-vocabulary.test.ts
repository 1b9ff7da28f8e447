import { parseRun } from '../../workflows/contract/parse-run';
import { distillRunSchema, teachRunSchema } from '../../workflows/contract/run-file';
import {
  classListInStore,
  hashOfClassList,
  isVocabularyOfWorker,
  vocabularyNotes,
  withClassList,
} from '../../workflows/contract/teacher-vocabulary';

const teachers = [
  { name: 'a', format: 'ced', checkpoint: 'teachers/a/' },
  { name: 'hub', format: 'ced', checkpoint: 'hf://organisation/repository' },
  {
    ...{ name: 'net', format: 'onnx', checkpoint: 'net.onnx', vocabulary: 'birds.csv' },
    ...{ output: 'logits', spectrogramMasks: 'skip' },
  },
];
const corpusWith = (vocabulary: string) => ({ train: 'train.jsonl', vocabulary });
const runWith = (vocabulary: string) => ({
  ...{ name: 'r', store: 's', corpus: corpusWith(vocabulary), teachers },
  students: [{ name: 'mini', model: 'mini' }],
});

describe('a vocabulary that is a teacher’s own', () => {
  it.each([
    ['teacher:net', 'birds.csv'],
    ['teacher:a', 'teachers/a/config.json'],
    ['teacher:hub', 'hf://organisation/repository/config.json'],
    ['labels.csv', 'labels.csv'],
  ])('%s is read from %s', (vocabulary, address) => {
    expect(withClassList(distillRunSchema.parse(runWith(vocabulary))).corpus).toMatchObject({
      train: 'train.jsonl',
      vocabulary: address,
    });
  });

  it('is that of a worker once it has told where its classes are', () => {
    const beats = { name: 'beats', format: 'worker', taskQueue: 'teacher-beats' };
    const { teachers: files, ...run } = runWith('teacher:beats');
    const parsed = distillRunSchema.parse({
      ...{ ...run, teachers: [...files, { ...beats, spectrogramMasks: 'skip' }] },
    });
    expect(isVocabularyOfWorker(parsed)).toBe(true);
    expect(withClassList(parsed).corpus.vocabulary).toBe('teacher:beats');
    const address = classListInStore('0'.repeat(64));
    expect(withClassList(parsed, address).corpus.vocabulary).toBe(address);
    expect(hashOfClassList(address)).toBe('0'.repeat(64));
    expect(hashOfClassList('classes.csv')).toBeNull();
    expect(isVocabularyOfWorker(distillRunSchema.parse(runWith('teacher:net')))).toBe(false);
  });

  it('is told with its number of classes', () => {
    const note = 'corpus.vocabulary: the run has the 6522 classes of teacher net';
    expect(vocabularyNotes({ corpus: corpusOf('teacher:net') }, 6522)).toEqual([note]);
    expect(vocabularyNotes({ corpus: corpusOf('labels.csv') }, 6522)).toEqual([]);
  });

  it('is refused where no teacher of the run has this name', () => {
    expect(parseRun(distillRunSchema, runWith('teacher:b'))).toEqual({
      problems: ['corpus.vocabulary: expected a class list, or teacher: and one of a, hub, net'],
    });
    const { name, store, corpus } = runWith('teacher:mini');
    const teach = { name, store, corpus, teachers: [{ name: 'mini', model: 'mini' }] };
    expect(parseRun(teachRunSchema, teach)).toEqual({
      problems: ['corpus.vocabulary: expected a class list: this run has no teachers'],
    });
  });
});

function corpusOf(vocabulary: string) {
  return distillRunSchema.parse(runWith(vocabulary)).corpus;
}
