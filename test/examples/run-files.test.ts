import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelConfig } from '../../ced/model/shaped-config';
import { parameterCount } from '../../ced/model/parameters';
import {
  distillRunSchema,
  type DistillRun,
  teachRunSchema,
  type TeachRun,
} from '../../workflows/contract/run-file';
import type { ModelShape } from '../../workflows/contract/run-file-sections';
import { parseRun } from '../../workflows/contract/parse-run';

const examples = join(__dirname, '..', '..', 'examples');
const classes = Array.from({ length: 52 }, (_, index) => ({ name: `class ${index}` }));

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(examples, path), 'utf8')) as Record<string, unknown>;
}

function distillRun(path: string): DistillRun {
  const parsed = parseRun(distillRunSchema, readJson(path));
  if ('run' in parsed) return parsed.run;
  throw new Error(parsed.problems.join('\n'));
}

function teachRun(path: string): TeachRun {
  const parsed = parseRun(teachRunSchema, readJson(path));
  if ('run' in parsed) return parsed.run;
  throw new Error(parsed.problems.join('\n'));
}

function parametersOf(model: ModelShape): number {
  return parameterCount(modelConfig(model, 4, classes));
}

/** JSON files that are run files: in `examples/` itself and in each example's folder. */
const runFiles = [
  '.',
  ...readdirSync(examples, { withFileTypes: true }).flatMap((item) =>
    item.isDirectory() ? item.name : [],
  ),
].flatMap((folder) =>
  readdirSync(join(examples, folder))
    .filter((file) => file.endsWith('.json'))
    .map((file) => join(folder, file)),
);

describe('the run files of the examples', () => {
  it.each(runFiles)('%s is valid and says beside it how it is run and what to expect', (path) => {
    expect('students' in readJson(path) ? distillRun(path) : teachRun(path)).toBeDefined();
    const header = readFileSync(join(examples, path.replace(/\.json$/, '.md')), 'utf8');
    for (const word of ['Command', 'Hardware', 'Minutes', 'Expected'])
      expect(header).toContain(`| ${word} |`);
  });
});

describe('the demo', () => {
  const demo = distillRun('instruments/distill.json');
  const teachers = teachRun('instruments/teach.json');
  const labelled = teachRun('instruments/from-labels.json');

  it('distils from the teachers that npm run teach trains, in the same order', () => {
    expect(demo.teachers.map((teacher) => 'checkpoint' in teacher && teacher.checkpoint)).toEqual(
      teachers.teachers.map(({ name }) => `examples/instruments/teachers/${name}`),
    );
  });

  it('has a student of at most a third of the largest teacher', () => {
    const largest = Math.max(...teachers.teachers.map(({ model }) => parametersOf(model)));
    for (const { model } of demo.students)
      expect(parametersOf(model)).toBeLessThanOrEqual(largest / 3);
  });

  it('has teachers that fit into 10 MB as float16', () => {
    const parameters = teachers.teachers.reduce((sum, { model }) => sum + parametersOf(model), 0);
    expect(2 * parameters).toBeLessThan(10e6);
  });

  it('reads every stored view equally often', () => {
    const stored = 'views' in demo.logits ? demo.logits.views : NaN;
    for (const { epochs, views = stored } of demo.students) expect(epochs % views).toBe(0);
  });

  it('is compared with the same student, clips, steps and views, trained from labels', () => {
    const [student] = demo.students;
    const [trained] = labelled.teachers;
    expect(student).toMatchObject({ ...trained });
    expect(labelled.corpus).toEqual(demo.corpus);
    expect(labelled.augment).toEqual(demo.logits.augment);
    expect(labelled.chunkSeconds).toBe(demo.logits.chunkSeconds);
  });

  it('evaluates teachers on the clips that the student is evaluated on', () => {
    expect(teachers.corpus.eval).toBe(demo.corpus.eval);
  });
});
