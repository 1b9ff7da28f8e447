import { resultTable } from '../../cli/run/result-table';
import type { RunResult } from '../../workflows/contract/activities';

const places = { result: 'runs/demo/result.json', report: 'runs/demo/report.html' };
const student = {
  name: 'piccolo',
  parameters: 490_000,
  mAP: 0.34,
  agreement: null,
  checkpoint: 'models/aa',
  sha256: 'aa',
  bitExact: true,
};
const distilled: RunResult = {
  formatVersion: 1,
  run: 'demo',
  workflowId: 'demo',
  teachers: [
    { name: 'alto', parameters: 1_020_000, mAP: 0.352 },
    { name: 'coda', parameters: 1_610_000, mAP: 0.361 },
  ],
  ensemble: { mAP: 0.4 },
  students: [student],
  logits: { key: 'k', rows: 24_000, views: 8, bytes: 960_000, pcmBytes: 384_000_000 },
  rejected: 2,
  stages: [
    { name: 'logits', seconds: 180 },
    { name: 'distill', seconds: 240 },
  ],
};

describe('the result table', () => {
  it('shows teachers, ensemble and student with parameters, mAP and share of ensemble', () => {
    const lines = resultTable(distilled, places).split('\n');
    expect(lines.slice(0, 5)).toEqual([
      'model            parameters  eval mAP  of the ensemble',
      'teacher alto         1.02 M     0.352',
      'teacher coda         1.61 M     0.361',
      'ensemble             2.63 M     0.400',
      'student piccolo      0.49 M     0.340           85.0 %',
    ]);
  });

  it.each([null, 0])('shows – where a teacher does not tell its parameters (%p)', (parameters) => {
    const teachers = [distilled.teachers[0]!, { name: 'coda', parameters, mAP: 0.361 }];
    expect(
      resultTable({ ...distilled, teachers }, places)
        .split('\n')
        .slice(1, 4),
    ).toEqual([
      'teacher alto         1.02 M     0.352',
      'teacher coda              –     0.361',
      'ensemble                  –     0.400',
    ]);
  });

  it('shows the size of the logits against the audio, minutes and places', () => {
    const table = resultTable(distilled, places);
    expect(table).toContain(
      "logits    960 kB in 24,000 rows of 8 views: 0.3 % of the audio's 384 MB of PCM",
    );
    expect(table).toContain('minutes   logits 3.0 · distill 4.0 · all 7.0');
    expect(table).toContain('rejected  2 clips');
    expect(table).toContain('result    runs/demo/result.json');
    expect(table).toContain('report    runs/demo/report.html');
  });

  it('counts the training clips that an activity of the user left out', () => {
    const selection = { activity: 'quiet', taskQueue: 'own', clips: 1, examples: ['a'] };
    expect(resultTable({ ...distilled, selection }, places)).toContain(
      'selection  1 training clip left out by quiet',
    );
  });

  it('shows agreement with the ensemble where there are no labels to score by', () => {
    const unlabelled = { ...student, mAP: null, agreement: { divergence: 0.0123, topMatch: 0.81 } };
    const table = resultTable(
      { ...distilled, ensemble: { mAP: null }, students: [unlabelled] },
      places,
    );
    expect(table).toMatch(/student piccolo +0\.49 M +– +–/);
    expect(table).toContain('agreement  piccolo: same top class in 81.0 % of the clips');
  });

  it('shows the models of a teach run as teachers, without an ensemble', () => {
    const table = resultTable(
      { ...distilled, teachers: [], ensemble: { mAP: null }, logits: null, rejected: 0 },
      places,
    );
    expect(table.split('\n').slice(0, 2)).toEqual([
      'model            parameters  eval mAP',
      'teacher piccolo      0.49 M     0.340',
    ]);
    expect(table).not.toMatch(/ensemble|PCM|rejected/);
  });

  it('lists the models of a teach run once, though the result names them twice', () => {
    const { agreement: _, ...teacher } = student;
    const trained = { ...distilled, ensemble: { mAP: null }, logits: null, rejected: 0 };
    expect(resultTable({ ...trained, teachers: [teacher] }, places)).toBe(
      resultTable({ ...trained, teachers: [] }, places),
    );
  });
});
