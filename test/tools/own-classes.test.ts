import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelConfigSchema } from '../../ced/model/config';
import { headRows } from '../../ced/model/new-head';
import { parameterCount } from '../../ced/model/parameters';
import { modelConfig } from '../../ced/model/shaped-config';
import { studentArm, teacherArm } from '../../tools/own-classes/arms';
import { FAMILIES, familiesOf, fewOfEach } from '../../tools/own-classes/families';
import { parseRun } from '../../workflows/contract/parse-run';
import { distillRunSchema, teachRunSchema } from '../../workflows/contract/run-file';
import { sampleResult } from '../support/sample-records';

const GENERAL = join(__dirname, '../../examples/instruments/teachers/coda/config.json');
const general = modelConfigSchema.parse(JSON.parse(readFileSync(GENERAL, 'utf8')));
const instruments = Object.values(general.id2label ?? {});

describe('the classes of the example', () => {
  it('are families of what the general teacher knows, and none of them is its class', () => {
    const without = instruments.filter((instrument) => familiesOf([instrument]).length === 0);
    expect(without).toEqual(['Choir Aahs']);
    const rows = headRows(
      general,
      FAMILIES.map((name) => ({ mid: '', name })),
    );
    expect(rows).toEqual(FAMILIES.map(() => -1));
  });

  it('have as many labelled clips as asked for, and clips that add none are left out', () => {
    const clips = Array.from({ length: 400 }, (_, index) => ({
      labels: [FAMILIES[index % 7]!, FAMILIES[(index * 3) % 7]!],
    }));
    const few = fewOfEach(clips, 5);
    for (const family of FAMILIES)
      expect(few.filter(({ labels }) => labels.includes(family)).length).toBeGreaterThanOrEqual(5);
    expect(few.length).toBeLessThanOrEqual(7 * 5);
  });
});

describe('the runs of the example', () => {
  const draw = { clipsPerClass: 5, seed: 2, clips: 20, isShort: false };
  const result = sampleResult('logits', { students: { teacher: 'a'.repeat(64) } });

  it.each(['checkpoint', 'scratch'] as const)('are valid run files from %s', (start) => {
    const teacher = teacherArm(draw, start).make(1, null);
    expect(parseRun(teachRunSchema, { name: 't', ...teacher.run })).toHaveProperty('run');
    const student = studentArm(draw, start).make(1, result);
    const parsed = parseRun(distillRunSchema, { name: 's', ...student.run });
    expect(parsed).toMatchObject({
      run: { teachers: [{ checkpoint: `runs/study/models/${'a'.repeat(64)}` }] },
    });
    if (!('run' in parsed)) return;
    const size = parameterCount(
      modelConfig(
        parsed.run.students[0]!.model,
        4,
        FAMILIES.map((name) => ({ name })),
      ),
    );
    expect(size / parameterCount(general)).toBeLessThan(1 / 3);
  });
});
