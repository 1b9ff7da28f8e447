import { publishRun } from '../../activities/publish-run';
import { EXPORT_FORMATS } from '../../cli/models/export';
import { fitThresholds } from '../../ced/metrics/thresholds';
import { keepThresholds } from '../../storage/models/model-thresholds';
import { layout } from '../../storage/layout';
import { encodeJson } from '../../storage/store';
import { handmadeRun, PLAN } from './handmade-run';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import type { ScoresManifest } from '../../storage/scores';

const textOf = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString('utf8');

describe("a student's model card", () => {
  it('lies beside its weights and gives origin, scores and licences to fill in', async () => {
    const { store, deps, input } = await handmadeRun();
    await publishRun(deps, input);
    const student = input.students[0]!;
    const card = textOf(await store.read(layout.modelFile(student.sha256, 'README.md')));
    expect(card).toMatch(/^---\nlicense: unknown\npipeline_tag: audio-classification\n/);
    expect(card).toContain(`# ${student.name}\n`);
    expect(card).toContain(student.sha256);
    for (const { name } of input.ensemble)
      expect(card).toContain(`| teacher ${name} | not stated |`);
    expect(card).toMatch(/\| \*\*mini\*\* \| .* \| 0\.778 \|/); // mean of 5/6, 1/2 and 1
    expect(card).toContain('on 4 held-out eval clips');
    expect(card).toContain('Its speed was not measured.');
    expect(card).toMatch(/\| train \| 4 \| 0\.00 \|/);
  });

  it('shows every format that ced export writes', async () => {
    const { store, deps, input } = await handmadeRun();
    await publishRun(deps, input);
    const { sha256 } = input.students[0]!;
    const card = textOf(await store.read(layout.modelFile(sha256, 'README.md')));
    const shown = [...card.matchAll(/ced export --model FOLDER --to (\w+)/g)].map(([, to]) => to);
    expect(shown.sort()).toEqual([...EXPORT_FORMATS].sort());
  });

  it('lists the thresholds of its classes and what they give on eval', async () => {
    const { store, deps, input } = await handmadeRun();
    const { sha256 } = input.students[0]!;
    const scores = Float32Array.of(...[0.9, 0.2, 0.3], ...[0.5, 0.6, 0.2]);
    const labels = Uint8Array.of(...[1, 0, 0], ...[0, 1, 0]);
    const names = ['Bell', 'Drum', 'Harp'].map((name, index) => ({ mid: `/m/${index}`, name }));
    await keepThresholds(store, sha256, fitThresholds(scores, labels, names));
    await publishRun(deps, input);
    const card = textOf(await store.read(layout.modelFile(sha256, 'README.md')));
    expect(card).toContain('These have the best F1 on 2 validation clips');
    // Of the scores 0.9, 0.8, 0.7 and 0.1 of Bell, the first and the third are right.
    expect(card).toContain('| Bell | 0.7 | 1 | 50.0 % | 50.0 % |');
    expect(card).toMatch(/Calibration error on eval: 0\.\d{4}\./);
    const report = textOf(await store.read(layout.latest(input.run, 'report.html')));
    expect(report).toContain('<section id="tags">');
  });

  it.each([null, 0])(
    'and the report say – where a teacher does not tell its parameters (%p), the result null',
    async (parameters) => {
      const { store, deps, input } = await handmadeRun();
      input.ensemble[0]!.parameters = parameters;
      const result = await publishRun(deps, input);
      const card = textOf(
        await store.read(layout.modelFile(input.students[0]!.sha256, 'README.md')),
      );
      expect(card).toMatch(/\| teacher right \| – \|/);
      expect(card).toMatch(/\| ensemble \| – \|/);
      expect(card).toMatch(/\| teacher wrong \| 4\.00 k \|/);
      expect(result.teachers.map((each) => each.parameters)).toEqual([null, 4000]);
      const report = textOf(await store.read(layout.latest(input.run, 'report.html')));
      expect(report).toContain('a teacher does not tell how many it has');
      expect(report).not.toContain('NaN');
    },
  );

  it('says which checkpoint it started from', async () => {
    const { store, deps, input } = await handmadeRun();
    const student = input.students[0]!;
    student.startedFrom = { sha256: 'cd'.repeat(32), classes: 0 };
    await publishRun(deps, input);
    const card = textOf(await store.read(layout.modelFile(student.sha256, 'README.md')));
    expect(card).toContain(' It started from models/cdcdcdcdcdcd…: its encoder and a new head.');
  });

  it('and the result give its time on one core where it was measured', async () => {
    const { store, deps, input } = await handmadeRun();
    const audio = await CorpusAudio.open(store, PLAN, 'eval');
    await audio.close();
    const student = input.students[0]!;
    const latency = { milliseconds: 12.5, audioSeconds: 10, processor: 'Test CPU' };
    const manifest: ScoresManifest = {
      formatVersion: 1,
      mAP: null,
      clips: 4,
      classes: 3,
      seconds: 1,
      latency,
    };
    await store.replace(
      layout.scoresManifest(student.sha256, audio.contentSha256),
      encodeJson(manifest),
    );
    const result = await publishRun(deps, input);
    expect(result.students[0]!.latency).toEqual({ ...latency, realTimeFactor: 0.00125 });
    const card = textOf(await store.read(layout.modelFile(student.sha256, 'README.md')));
    expect(card).toContain(
      'On one core (Test CPU), as ONNX in onnxruntime, 12.5 ms for 10 s of audio: real-time ' +
        'factor 0.0013.',
    );
    expect(textOf(await store.read(layout.latest(input.run, 'report.html')))).toMatch(
      /Time per chunk, one core[\s\S]*12\.5 ms<small>0\.0013 of its 10\u00a0s/,
    );
  });

  it('of an earlier run stays as it is: a folder of models never changes', async () => {
    const { store, deps, input } = await handmadeRun();
    const key = layout.modelFile(input.students[0]!.sha256, 'README.md');
    await publishRun(deps, input);
    const first = textOf(await store.read(key));
    await publishRun(deps, { ...input, run: 'later', workflowRunId: 'another' });
    expect(textOf(await store.read(key))).toBe(first);
  });
});
