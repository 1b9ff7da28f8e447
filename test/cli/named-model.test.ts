import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkpointFolder } from '../../cli/models/named-model';
import { readModelFolder } from '../../cli/models/model-folder';
import { decodeRecord } from '../../storage/record';
import { resultRecord } from '../../storage/run-result';
import type { RunResult } from '../../workflows/contract/activities';

const golden = join(__dirname, '..', 'storage', 'golden', 'store');
const bytes = readFileSync(join(golden, 'runs', 'golden', 'result.json'));
const result = decodeRecord({ uri: golden }, 'result.json', resultRecord, bytes).value;
const student = result.students[0]!;

describe('the name of a model', () => {
  let store: string;
  beforeAll(() => {
    store = mkdtempSync(join(tmpdir(), 'ced-named-model-'));
    cpSync(golden, store, { recursive: true });
  });
  afterAll(() => rmSync(store, { recursive: true }));

  const write = (run: string, students: RunResult['students']): void => {
    mkdirSync(join(store, 'runs', run), { recursive: true });
    const text = JSON.stringify({ ...result, run, students });
    writeFileSync(join(store, 'runs', run, 'result.json'), text);
  };
  const found = async (...path: string[]): Promise<string> =>
    await checkpointFolder(join(store, ...path));
  const model = (of = student): string => join(store, of.checkpoint);

  it.each([
    ['the store of one run', []],
    ['its student in the store', ['students', 'student']],
    ['the run', ['runs', 'golden']],
    ['its student', ['runs', 'golden', 'students', 'student']],
    ['a start of the run', ['runs', 'golden', 'first']],
    ['its student, with a separator at the end', ['runs', 'golden', 'students', 'student', '/']],
    ['the hash itself', [student.checkpoint]],
  ])('leads to the model: %s', async (_, path) => {
    expect(await found(...path)).toBe(model());
    const { config } = await readModelFolder(join(store, ...path));
    expect(config.outputdim).toBeGreaterThan(0);
  });

  it('means the best student of a run that has several, and finds the others by name', async () => {
    const worse = { ...student, name: 'worse', mAP: 0.1, checkpoint: 'models/worse' };
    write('golden', [worse, student]);
    expect(await found('runs', 'golden')).toBe(model());
    expect(await found('students', 'worse')).toBe(model(worse));
    await expect(found('students', 'best')).rejects.toThrow(
      `${store} has no student best, expected worse or student`,
    );
  });

  it('asks which run is meant where a store holds several, unless the student tells', async () => {
    const other = { ...student, name: 'other', checkpoint: 'models/other' };
    write('another', [other]);
    await expect(found()).rejects.toThrow(
      `${store} holds several runs, expected one of ` +
        `${join(store, 'runs', 'another')}, ${join(store, 'runs', 'golden')}`,
    );
    expect(await found('students', 'other')).toBe(model(other));
    expect(await found('students', 'student')).toBe(model());
  });

  it('that leads nowhere is answered with the runs that exist', async () => {
    write('another', [student]);
    const runs = ['another', 'golden'].map((name) => join(store, 'runs', name));
    for (const wrong of ['runs/glden', 'elsewhere'])
      await expect(readModelFolder(join(store, wrong))).rejects.toThrow(
        `${join(store, wrong)}/config.json cannot be read (ENOENT): expected a folder with ` +
          `model.safetensors and config.json, or a run: ${runs.join(', ')}`,
      );
  });

  it('that is neither a run nor a store is left for the error that names it', async () => {
    await expect(readModelFolder('nowhere/students/mini')).rejects.toThrow(
      'nowhere/students/mini/config.json cannot be read (ENOENT): expected a folder with ' +
        'model.safetensors and config.json',
    );
  });
});
