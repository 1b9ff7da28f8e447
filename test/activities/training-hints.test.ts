import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importModels } from '../../activities/import-models';
import { localDependencies } from '../../activities/local-dependencies';
import { checkpointTraining, TRAINING_FILE } from '../../storage/models/checkpoint-training';
import { formatVocabularyCsv } from '../../ced/teachers/vocabulary';
import { trainedModel } from '../report/sample-report';

const alto = join(__dirname, '../../examples/instruments/teachers/alto');
const { id2label } = JSON.parse(readFileSync(join(alto, 'config.json'), 'utf8')) as {
  id2label: Record<string, string>;
};

describe('a teacher that teach trained', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-training-hints-'));
    cpSync(alto, join(folder, 'alto'), { recursive: true });
    const classes = Object.values(id2label).map((name) => ({ mid: '', name }));
    writeFileSync(join(folder, 'labels.csv'), formatVocabularyCsv(classes));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const importing = () =>
    importModels(localDependencies(folder), {
      ...{ store: 'store', vocabulary: 'labels.csv', inits: [] },
      teachers: [
        { name: 'mine', format: 'ced', checkpoint: 'alto', weight: 1 },
        { name: 'again', format: 'ced', checkpoint: alto, weight: 1 },
      ],
      fromLabels: 'alto',
    });
  const writeTraining = (weights: Uint8Array): void => {
    const hint = { kind: 'still learning', about: 'alto', value: 0.02, error: 0.01 } as const;
    const hints = [{ ...hint, text: 'alto still learned at its last epoch' }];
    const training = checkpointTraining({ ...trainedModel('alto', 100), hints }, weights);
    writeFileSync(join(folder, 'alto', TRAINING_FILE), JSON.stringify(training));
  };

  it('is said to learn still, by its name in the run and its field', async () => {
    writeTraining(readFileSync(join(alto, 'model.safetensors')));
    const text = 'teachers[0]: alto still learned at its last epoch';
    const { hints, notes } = await importing();
    expect(hints).toEqual([
      { kind: 'still learning', about: 'mine', value: 0.02, error: 0.01, text },
    ]);
    expect(notes).toEqual([text]);
  });

  it('says nothing of weights that were put in the place of those of its training', async () => {
    writeTraining(Buffer.from('others'));
    expect(await importing()).not.toHaveProperty('hints');
    expect(await importing()).not.toHaveProperty('notes');
  });

  it('is taken as it is beside a file of another format, which is named', async () => {
    writeFileSync(join(folder, 'alto', TRAINING_FILE), '{"epochs": 3}');
    expect((await importing()).notes).toEqual([
      `teachers[0]: ${join(folder, 'alto', TRAINING_FILE)} is not read: it is of another format`,
    ]);
  });

  it('stays apart from the model that the ensemble is compared with', async () => {
    const { teachers, fromLabels } = await importing();
    expect(teachers.map(({ name }) => name)).toEqual(['mine', 'again']);
    expect(fromLabels).toMatchObject({ name: 'from-labels', sha256: teachers[0]!.sha256 });
  });
});
