import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeFailure } from '../../cli/failure';
import { ced } from '../../cli/main';
import { runScores } from '../../report/run-scores';
import { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';
import { encodeJson } from '../../storage/store';
import type { ReportData } from '../../report/report-data';
import type { RunComparison } from '../../report/run-comparison';
import { sampleReport } from '../report/sample-report';
import { catchOutput, type CaughtOutput } from '../support/caught-output';
import { documentedOutput } from '../support/documented-output';

describe('ced report --compare', () => {
  let folder: string;
  let store: FolderStore;
  let printed: CaughtOutput;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-report-'));
    // A store in a folder of that name, as the demo's.
    store = new FolderStore(join(folder, 'runs', 'mine'));
    printed = catchOutput('stdout');
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  const pathOf = (run: string): string => join(folder, 'runs', 'mine', 'runs', run);

  /** Publishes a run as an activity does. @param hasScores false = as an earlier version did */
  async function publish(run: string, data: ReportData, hasScores = true): Promise<void> {
    const result = { ...data.result, run, workflowId: run };
    await store.create(layout.latest(run, 'result.json'), encodeJson(result));
    if (hasScores)
      await store.create(layout.latest(run, 'scores.json'), encodeJson(runScores(data)));
  }

  /** The sample with a student that is better by 0.1 in one class, worse by 0.05 in another. */
  function changed(): ReportData {
    const data = sampleReport();
    const student = data.models.at(-1)!;
    student.perClass = student.perClass.map(
      (value, index) => value! + (index === 1 ? 0.1 : index === 2 ? -0.05 : 0),
    );
    student.mAP! += 0.05 / 52;
    data.result.students[0]!.mAP = student.mAP;
    data.result.cost = {
      ...{ seconds: 600, cpuSeconds: 60, gpuSeconds: 540, runs: [] },
      stages: [{ name: 'distill', seconds: 500 }],
    };
    return data;
  }

  it('shows models with an interval of the difference, classes that moved, and cost', async () => {
    await publish('old', sampleReport());
    await publish('new', changed());
    expect(await ced(['report', pathOf('new'), '--compare', pathOf('old')])).toBe(0);
    const lines = printed.text.split('\n');
    expect(lines[0]).toBe('new compared with old');
    // 0.1 and -0.05 in 52 classes: mean 0.00096, standard error 0.00216.
    expect(printed.text).toMatch(
      /student mini +0\.22 M +0\.\d{3} → 0\.\d{3} +\+0\.001 +−0\.003 to \+0\.005/,
    );
    expect(printed.text).toMatch(/ensemble +1\.8 M +0\.\d{3} +0\.000 +0\.000 to 0\.000/);
    const classes = lines.slice(lines.findIndex((line) => line.startsWith('class ')) + 1);
    expect(classes[0]).toMatch(/^Violin .*→.* \+0\.100$/);
    expect(classes[1]).toMatch(/^Trumpet .*→.* −0\.050$/);
    expect(printed.text).toContain('cost      not known → 10.0 min of work');
  });

  it('writes the same as a page of HTML, and as JSON', async () => {
    await publish('old', sampleReport());
    await publish('new', changed());
    const out = join(folder, 'compared.html');
    const options = ['--compare', pathOf('old'), '--out', out, '--json'];
    expect(await ced(['report', pathOf('new'), ...options])).toBe(0);
    const comparison = documentedOutput<{ classes: { name: string }[] }>('report', printed.text);
    expect(comparison).toMatchObject({
      formatVersion: 1,
      classes: expect.arrayContaining([expect.objectContaining({ name: 'Violin' })]) as unknown,
    });
    expect(comparison.classes[0]?.name).toBe('Violin');
    const page = readFileSync(out, 'utf8');
    for (const id of ['models', 'classes', 'cost']) expect(page).toContain(`<section id="${id}">`);
    expect(page).toContain('−0.003 to +0.005');
    expect(page).not.toMatch(/<script|https?:|NaN|undefined/);
  });

  it('compares the mAP alone with a run of an earlier version', async () => {
    await publish('old', sampleReport(), false);
    await publish('new', changed());
    expect(await ced(['report', pathOf('new'), '--compare', pathOf('old')])).toBe(0);
    expect(printed.text).toMatch(/student mini +0\.22 M +0\.\d{3} → 0\.\d{3} +\+0\.001\n/);
    expect(printed.text).toContain('classes  not known: an earlier version published a run');
  });

  const compared = async (before: ReportData, after: ReportData): Promise<string[]> => {
    await publish('old', before);
    await publish('new', after);
    const out = join(folder, 'compared.html');
    expect(await ced(['report', pathOf('new'), '--compare', pathOf('old'), '--out', out])).toBe(0);
    const page = readFileSync(out, 'utf8');
    expect(`${page}${printed.text}`).not.toMatch(/NaN|Infinity|undefined/);
    const text = page.replace(/<style>[^]*?<\/style>|<[^>]*>/g, ' ').replace(/\s+/g, ' ');
    return [printed.text.replace(/\s+/g, ' '), text];
  };

  /** The sample with eval clips of other classes. */
  function otherClasses(kept: number): ReportData {
    const data = changed();
    data.evalClips = 120;
    data.classes = data.classes.map((each, index) =>
      index < kept ? each : { ...each, name: `other ${index}` },
    );
    return data;
  }

  it('shows no difference of mAPs that have no class in common, and says so', async () => {
    for (const told of await compared(sampleReport(), otherClasses(0))) {
      expect(told).toContain(
        'Scored on different eval splits, 800 clips of 52 classes before and 120 clips of 52 ' +
          'classes after, no class in common, so no difference is shown.',
      );
      expect(told).not.toMatch(/[+−]0\.\d{3}/);
    }
    expect(printed.text).toContain('classes  none that both runs scored');
  });

  it('says over how many classes a difference is, and that the clips were others', async () => {
    for (const told of await compared(sampleReport(), otherClasses(8)))
      expect(told).toContain(
        'with 8 classes in common: differences are over these, and of other clips, so they say ' +
          'little about the models.',
      );
  });

  it('has no interval over a single class', async () => {
    const single = (data: ReportData): ReportData => {
      data.classes = data.classes.slice(1, 2);
      for (const model of data.models) model.perClass = model.perClass.slice(1, 2);
      return data;
    };
    const [told] = await compared(single(sampleReport()), single(changed()));
    expect(told).toMatch(/student mini 0\.22 M .{13} \+0\.100 Both were/);
    printed.text = '';
    await ced(['report', pathOf('new'), '--compare', pathOf('old'), '--json']);
    expect(documentedOutput<RunComparison>('report', printed.text).models.at(-1)).toMatchObject({
      difference: { low: null, high: null, classes: 1 },
    });
  });

  it('says that nothing moved, and tells two runs of one name apart by their places', async () => {
    await publish('old', sampleReport());
    const out = join(folder, 'compared.html');
    expect(await ced(['report', pathOf('old'), '--compare', pathOf('old'), '--out', out])).toBe(0);
    expect(printed.text).toContain(`old (${pathOf('old')}) compared with old (${pathOf('old')})`);
    expect(printed.text).toContain('classes  the best students are alike in all 52');
    expect(printed.text).toContain('Both were scored on 800 clips of 52 classes.');
    const page = readFileSync(out, 'utf8').replace(/\s+/g, ' ');
    expect(page).toContain('<h1>old</h1>');
    expect(page).toContain(`${pathOf('old')} compared with ${pathOf('old')} </p>`);
  });

  it('names a run that was not published, and a path that names none', async () => {
    await publish('old', sampleReport());
    const complaint = (...argv: string[]): Promise<string> =>
      ced(['report', ...argv]).then(() => 'no complaint', describeFailure);
    expect(await complaint(pathOf('gone'), '--compare', pathOf('old'))).toMatch(
      /runs\/mine has no runs\/gone\/result\.json: no run published it/,
    );
    expect(await complaint(folder, '--compare', pathOf('old'))).toMatch(
      /expected STORE\/runs\/NAME or STORE\/runs\/NAME\/ID/,
    );
  });
});
