import { createHash } from 'node:crypto';
import type { ReportData, ReportModel } from '../../report/report-data';
import { readPageAssets } from '../../activities/publish/page-assets';
import { renderReport } from '../../report/report-page';
import { sampleReport } from './sample-report';
import type { RunCost } from '../../workflows/contract/activities';

const assets = readPageAssets();
const pageOf = (data: ReportData): string => renderReport(data, assets);

const HOSTILE = `"><img src=x onerror=alert(1)></script><script>alert('1')</script>`;

/** The same report with every name that a user can choose replaced. */
function hostileReport(): ReportData {
  const data = sampleReport({ students: [HOSTILE] });
  data.result.run = HOSTILE;
  data.result.workflowId = HOSTILE;
  data.workflowRunId = HOSTILE;
  for (const model of data.models) model.name = HOSTILE;
  for (const each of data.classes) each.name = HOSTILE;
  for (const stage of data.result.stages) stage.name = HOSTILE;
  data.rejected = [
    { kind: HOSTILE, count: 1, examples: [{ split: 'eval', clip: HOSTILE, reason: HOSTILE }] },
  ];
  for (const each of data.attempts)
    Object.assign(each, { what: HOSTILE, worker: HOSTILE, failure: HOSTILE, activity: HOSTILE });
  for (const clip of data.models.flatMap(({ worst }) => worst ?? [])) {
    clip.clip = HOSTILE;
    for (const tag of [...(clip.labels ?? []), ...clip.student, ...clip.ensemble])
      tag.name = HOSTILE;
  }
  data.runFile = { [HOSTILE]: HOSTILE };
  return data;
}

/** Text as a reader sees it: no tags, no scripts. */
function visibleText(page: string): string {
  const body = page.slice(page.indexOf('<body>')).replace(/<script[^]*?<\/script>/g, '');
  return body
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replace(/\s+/g, ' ');
}

const scriptsOf = (page: string): string[] =>
  [...page.matchAll(/<script>([^]*?)<\/script>/g)].map(([, script]) => script ?? '');

describe('the table of models', () => {
  it('says from how many classes a teacher abstains, and of such a teacher only', () => {
    const data = sampleReport();
    const text = 'abstains from 3 classes: its mAP is over the others';
    expect(visibleText(pageOf(data))).not.toContain('abstains');
    data.models[1]!.missing = 3;
    expect(visibleText(pageOf(data)).split(text)).toHaveLength(2);
  });

  it('shows the spread of times that were measured side by side, and warns of others', () => {
    const data = sampleReport();
    const latency = { milliseconds: 12.34, audioSeconds: 10, processor: 'Test CPU' };
    for (const model of data.models) model.latency = latency;
    expect(visibleText(pageOf(data))).toContain('measured one by one');
    const spread = { low: 12, high: 13.5, rounds: 4 };
    for (const model of data.models) model.latency = { ...latency, spread };
    const text = visibleText(pageOf(data));
    expect(text).toContain('12.3 ms 0.0012 of its 10 s 12.0 to 13.5 ms');
    expect(text).toContain('Times are of Test CPU: the models took turns');
    expect(text).not.toContain('measured one by one');
    expect(text).not.toContain('not stable');
    data.models[1]!.latency = { ...latency, spread: { low: 11.7, high: 13.5, rounds: 12 } };
    expect(visibleText(pageOf(data))).toContain('They were not stable by then');
  });
});

describe('the charts of the training', () => {
  it('says when the best epoch alone was better than the averaged weights', () => {
    const data = sampleReport({ students: ['mini'] });
    const advice = 'its best epoch alone 0.500: try a lower averageBest';
    const student = data.models.find(({ trained }) => trained !== null)!;
    const validated = data.curves[0]!.epochs.find(({ mAP }) => mAP !== null)!;
    Object.assign(validated, { mAP: 0.5 });
    student.trained!.validationMAP = 0.45;
    expect(visibleText(pageOf(data))).toContain(
      `The averaged weights of mini reach a validation mAP of 0.450, ${advice}`,
    );
    student.trained!.validationMAP = 0.501;
    expect(visibleText(pageOf(data))).not.toContain('averageBest, or');
  });
});

describe('the lineage', () => {
  const lineageOf = (data: ReportData): string => {
    const [section = ''] = /<section id="lineage">[^]*?<\/section>/.exec(pageOf(data)) ?? [];
    return visibleText(`<body>${section}`);
  };

  it('leads from corpus and teachers over logits to the student, by their store paths', () => {
    const data = sampleReport();
    const text = lineageOf(data);
    const places = [
      `plans/${data.planKey.slice(0, 12)}`,
      ...data.models.map(({ sha256 }) => sha256 && `models/${sha256.slice(0, 12)}`),
    ];
    for (const place of [...places, `logits/${data.result.logits?.key.slice(0, 12)}`])
      if (place) expect(text).toContain(place);
    expect(text).not.toContain('champion');
  });

  it('ends with the champion, where the run has a promotion', () => {
    const data = sampleReport();
    const says = 'mini stays behind the champion by 0.010 mAP';
    const against = { entry: 3, sha256: 'e'.repeat(64), mAP: 0.31 };
    data.result.promotion = {
      outcome: 'kept',
      student: 'mini',
      sha256: 'f'.repeat(64),
      mAP: 0.3,
      against,
      minGain: 0,
      entry: 3,
      says,
    };
    expect(lineageOf(data)).toContain(`champion 3 ${says} models/eeeeeeeeeeee…`);
  });
});

describe('clips of the same audio', () => {
  it('are counted under the corpus, where there are any', () => {
    const data = sampleReport();
    expect(visibleText(pageOf(data))).not.toContain('with the same audio as another');
    data.splits = data.splits.map((split) =>
      split.split === 'train' ? { ...split, duplicates: 3 } : split,
    );
    expect(visibleText(pageOf(data))).toContain(
      'Clips with the same audio as another clip of their split: 3 of train. They were kept.',
    );
  });
});

describe('training clips that an activity of the user left out', () => {
  it('are counted and named under the corpus', () => {
    const data = sampleReport();
    expect(visibleText(pageOf(data))).not.toContain('the activity');
    const selection = { activity: 'quiet', taskQueue: 'own', clips: 2, examples: ['a', 'b'] };
    const asked = 'the activity quiet on task queue own';
    data.result.selection = selection;
    expect(visibleText(pageOf(data))).toContain(
      `Students learn without 2 training clips, as ${asked} chose: a, b.`,
    );
    data.result.selection = { ...selection, clips: 0, examples: [] };
    expect(visibleText(pageOf(data))).toContain(
      `Students learn from every training clip: ${asked} left none out.`,
    );
  });
});

describe('a run with a promotion', () => {
  it('names challenger, champion, both scores and the outcome', () => {
    const data = sampleReport();
    expect(visibleText(pageOf(data))).not.toContain('Champion');
    const against = { entry: 3, sha256: 'a'.repeat(64), mAP: 0.301 };
    const says = 'mini is champion 4: mini has mAP 0.312 on the clips where champion 3 has 0.301';
    data.result.promotion = {
      outcome: 'promoted',
      student: 'mini',
      sha256: 'b'.repeat(64),
      mAP: 0.312,
      against,
      minGain: 0.01,
      entry: 4,
      says,
    };
    const text = visibleText(pageOf(data));
    expect(text).toContain(says);
    expect(text).toContain('Compared with champion 3, eval mAP 0.301');
    expect(text).toContain('Champion after this run entry 4');
  });
});

describe('the cost of a run', () => {
  const costOf = (workflowRunId: string, seconds: number): RunCost['runs'][number] => ({
    ...{ workflowRunId, fromMs: 1_790_000_000_000, seconds },
    ...{ cpuSeconds: 30, gpuSeconds: seconds - 30, attempts: 9, unsuccessful: 1 },
  });
  const withCost = (runs: RunCost['runs'], unknown?: number): ReportData => {
    const data = sampleReport();
    const seconds = runs.reduce((sum, run) => sum + run.seconds, 0);
    data.result.cost = {
      ...{ seconds, cpuSeconds: 30 * runs.length, gpuSeconds: seconds - 30 * runs.length, runs },
      stages: [{ name: 'distill', seconds: seconds - 60 }],
      ...(unknown === undefined ? {} : { unknown }),
    };
    data.result.stages = [{ name: 'plan', seconds: 6 }];
    return data;
  };
  const first = costOf('0197a3f0-0000-7000-8000-000000000001', 420);
  const second = costOf('0197a3f1-0000-7000-8000-000000000002', 180);

  it('is in the headline, beside the time of a run that found all of it', () => {
    const text = visibleText(pageOf(withCost([first, second])));
    expect(text).toContain(
      'Cost 10 min 00 s most of it in distill: 9 min 00 s; in 2 runs; this run: 6.0 s, all found',
    );
  });

  it('names each run that did some of it', () => {
    const page = pageOf(withCost([first, second]));
    const [section = ''] = /<section id="cost">[^]*?<\/section>/.exec(page) ?? [];
    const text = visibleText(`<body>${section}`);
    for (const { workflowRunId } of [first, second]) expect(text).toContain(workflowRunId);
    expect(text).toMatch(/began 2026-09-21 14:13 UTC 7 min 00 s 0\.0083 h 0\.11 h 9 1/);
    expect(text).toMatch(/total 10 min 00 s 0\.0167 h 0\.15 h 18 2/);
  });

  it('leads from the headline to these runs, and on to their reports', () => {
    const made = { ...first, report: `runs/instruments/${first.workflowRunId}/report.html` };
    const page = pageOf(withCost([made, second]));
    expect(page).toContain('<a href="#cost">10 min 00 s</a>');
    const links = [...page.matchAll(/<a href="(\.\.[^"]*)"><code>([^<]*)</g)].map(
      ([, href, name]) => [href, name],
    );
    expect(links).toEqual([[`../../../${made.report}`, first.workflowRunId]]);
    expect(visibleText(pageOf(withCost([first])))).toContain('; in another run; this run: 6.0 s');
  });

  it('says what this run found, and what nobody recorded the making of', () => {
    const data = withCost([first, second], 3);
    data.workflowRunId = second.workflowRunId;
    expect(visibleText(pageOf(data))).toContain(
      'in 2 runs; this run: 6.0 s, the rest found; 3 results found whose cost is not known',
    );
    expect(visibleText(pageOf(withCost([], 3)))).toContain('Cost not known this run: 6.0 s');
  });

  it('has no section of its own where this run did everything', () => {
    const data = withCost([first]);
    data.workflowRunId = first.workflowRunId;
    expect(pageOf(data)).not.toContain('<section id="cost">');
    expect(visibleText(pageOf(data))).toContain('this run: 6.0 s ');
  });
});

describe('the report of a student of published logits', () => {
  it('says how good it is, and compares it with no teacher', () => {
    const data = sampleReport();
    data.models = data.models.filter(({ role }) => role === 'student');
    for (const model of data.models) Object.assign(model, { agreement: null, spread: null });
    data.result = { ...data.result, teachers: [], ensemble: { mAP: null } };
    data.ensembleValidationMAP = null;
    const page = pageOf(data);
    const score = data.models[0]!.mAP!.toFixed(3);
    expect(visibleText(page)).toContain(
      `The student mini reaches mAP ${score} on 800 eval clips, with 0.22 M parameters.`,
    );
    expect(visibleText(page)).toContain(`Eval mAP ${score} mini Parameters 0.22 M mini`);
    expect(visibleText(page)).not.toMatch(/NaN|Infinity|fewer|no eval split/);
  });
});

describe('the report of a distillation', () => {
  const data = sampleReport();
  const page = pageOf(data);
  const text = visibleText(page);

  it('says how good the student is and how large, in numbers', () => {
    const share = ((data.result.students[0]?.mAP ?? 0) / (data.result.ensemble.mAP ?? 1)) * 100;
    expect(text).toContain(
      `The student mini keeps ${share.toFixed(1)} % of its ensemble's mAP on 800 eval clips`,
    );
    expect(text).toContain('0.22 M 3.8× fewer than the largest teacher, 8.1× fewer than all');
    expect(text).toContain('938 kB 0.2 % of the audio’s 384 MB PCM, 8 views');
    expect(text).toContain('7 min 00 s most of it in distill: 3 min 23 s');
  });

  it('says that a student has more parameters than its teachers where it has', () => {
    const large = sampleReport();
    const student = large.models.at(-1)!;
    student.parameters = 2_100_000;
    expect(visibleText(pageOf(large))).toContain(
      '2.1 M 2.5× more than the largest teacher, 1.2× more than all',
    );
    student.parameters = 840_252;
    expect(visibleText(pageOf(large))).toContain(
      'about as many as the largest teacher, 2.1× fewer than all',
    );
  });

  it('says from which step on the time of a resumed training is', () => {
    const resumed = sampleReport();
    for (const { trained } of resumed.models) if (trained) trained.resumedAtStep = 1200;
    expect(visibleText(pageOf(resumed))).toContain('16 epochs, 3 min 23 s from step 1,200 on');
    expect(text).not.toContain('from step');
  });

  it('shows precision, recall and calibration of students and ensemble', () => {
    const [section = ''] = /<section id="tags">[^]*?<\/section>/.exec(page) ?? [];
    expect(text).toContain('ensemble 0.0123 – –');
    expect(text).toContain('mini 0.0223 66.0 % 55.0 %');
    expect(section.match(/<svg class="spark"/g)).toHaveLength(
      data.classes.filter(({ positives }) => positives > 0).length,
    );
    expect(section).not.toMatch(/NaN|undefined/);
    expect(pageOf(sampleReport({ labelled: false }))).not.toContain('id="tags"');
  });

  it('says what a model took over from the checkpoint that it started from', () => {
    const started = sampleReport();
    const from = { sha256: 'ab'.repeat(32), classes: 3, positions: { from: 63, to: 126 } };
    for (const { trained } of started.models) if (trained) trained.startedFrom = from;
    expect(visibleText(pageOf(started))).toContain(
      "started from models/abababababab…: its encoder and the head's rows of 3 classes, " +
        'its 63 positions in time interpolated to 126',
    );
    expect(text).not.toContain('started from');
  });

  it('draws nothing for each of thousands of classes, and lists all of them', () => {
    const large = sampleReport();
    const repeated = <T>(values: readonly T[]): T[] =>
      Array.from({ length: 1001 }, (_, at) => values[at % values.length]!);
    large.classes = repeated(large.classes).map((each, at) => ({ ...each, name: `class ${at}` }));
    for (const model of large.models) {
      model.perClass = repeated(model.perClass);
      if (!model.tags) continue;
      const { classCurves, atThresholds } = model.tags;
      const classes = atThresholds && repeated(atThresholds.classes);
      model.tags.classCurves = repeated(classCurves);
      model.tags.atThresholds = atThresholds && { ...atThresholds, classes: classes! };
    }
    const drawn = pageOf(large);
    expect(drawn.match(/<th scope="row">class \d+<\/th>/g)).toHaveLength(2 * 1001);
    expect(drawn).not.toContain('class="spark"');
    const [table = ''] = /<section id="classes">[^]*?<\/section>/.exec(drawn) ?? [];
    expect(table).toContain('1,001 of 1,001 classes');
    expect(table).not.toContain('meter');
  });

  it('shows every model with its mAP, every stage, and every scored class', () => {
    for (const { name, mAP } of data.models)
      expect(text).toMatch(new RegExp(`${name} .{0,40}${mAP?.toFixed(3)}`));
    for (const { name } of data.result.stages) expect(text).toContain(` ${name} `);
    for (const { name } of data.classes) expect(text).toContain(` ${name} `);
  });

  it('adds up the hours of all attempts, failed ones included', () => {
    const section = /<section id="stages">[^]*?<\/section>/.exec(page)?.[0] ?? '';
    const seconds = (gpu: boolean): number =>
      data.attempts
        .filter((each) => each.gpu === gpu)
        .reduce((sum, { startedMs, endedMs }) => sum + (endedMs - startedMs) / 1000, 0);
    const together = visibleText(`<body>${section}`).split(' total ')[1];
    expect(together).toContain(
      `7 min 00 s ${(seconds(false) / 3600).toFixed(4)} h ${(seconds(true) / 3600).toFixed(4)} h`,
    );
  });

  it('lists every attempt with its outcome and its failure', () => {
    expect(text).toContain(
      '14 activities in 17 attempts on 2 workers (1 failed, 1 lost, 1 stopped)',
    );
    expect(text).toContain("EngineLost: the engine's process ended (SIGKILL)");
    for (const title of [
      'trainModel mini, attempt 1: lost with its process',
      'trainModel mini, attempt 2: stopped after its checkpoint',
    ])
      expect(page).toContain(title.replace(', attempt 1', ''));
  });

  it('has a player for each of the most wrong clips', () => {
    expect(page.match(/<audio\s+controls[^>]*\ssrc="data:audio\/wav;base64,/g)).toHaveLength(10);
  });

  it('names the rejected clips, the hashes and the run file', () => {
    expect(text).toContain('no such file: /data/train/fluid-00017.flac');
    expect(text).toContain(`models/${data.result.students[0]?.sha256}`);
    expect(text).toContain('"learningRate": 0.002');
    expect(text).toContain('TensorFlow 2.21.0, cpu, 2 threads');
  });

  it('is the same bytes every time', () => {
    expect(pageOf(sampleReport())).toBe(page);
  });

  it('forbids itself any request and any script but its own', () => {
    const policy =
      /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1]?.replaceAll('&#39;', "'") ?? '';
    expect(policy).toContain("default-src 'none'");
    const hashes = scriptsOf(page).map(
      (script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
    );
    expect(hashes).toHaveLength(2);
    expect(policy.split('script-src ')[1]?.split(' ')).toEqual(hashes);
    expect(page.replace(/<script>[^]*?<\/script>/g, '')).not.toMatch(/https?:|url\(|@import/);
  });
});

describe('names that users choose', () => {
  const page = pageOf(hostileReport());

  it('are shown as they are and never become markup', () => {
    expect(page).not.toContain('<img');
    expect(page).not.toContain('<script>alert');
    expect(scriptsOf(page)).toEqual(scriptsOf(pageOf(sampleReport())));
    expect(page.match(/<\/script/g)).toHaveLength(3);
    expect(visibleText(page)).toContain(HOSTILE);
  });
});

describe('the report of a run without labels', () => {
  const page = pageOf(sampleReport({ labelled: false }));

  it('measures the student by its agreement with the ensemble', () => {
    expect(visibleText(page)).toContain(
      'mini and its ensemble agree on the most probable class of 76.4 % of 800 eval clips',
    );
    expect(page).not.toContain('id="classes"');
    expect(visibleText(page)).not.toContain('NaN');
  });
});

/** As `teach` makes it: without an ensemble. */
const trainedModel = (model: ReportModel): ReportModel => ({
  ...model,
  agreement: null,
  spread: null,
  worst: (model.worst ?? []).map((clip) => ({ ...clip, ensemble: [] })),
});

describe('the report of teachers trained from labels', () => {
  it('compares with no ensemble', () => {
    const data = sampleReport({ students: ['small', 'wide'] });
    const students = data.models
      .filter(({ role }) => role === 'student')
      .map((model) => trainedModel(model));
    const trained: ReportData = {
      ...data,
      kind: 'teach',
      models: students,
      ensembleValidationMAP: null,
      attempts: [],
    };
    trained.result = { ...data.result, teachers: [], ensemble: { mAP: null }, logits: null };
    const text = visibleText(pageOf(trained));
    expect(text).toContain('small reaches mAP');
    expect(text).not.toMatch(/ensemble|NaN|Infinity/);
  });
});

describe('the report of a run that has next to nothing', () => {
  it('leaves out what is not there', () => {
    const data = sampleReport({ labelled: false });
    const models = data.models.map((model) => ({ ...model, agreement: null, worst: [] }));
    const empty: ReportData = {
      ...data,
      models,
      evalClips: null,
      curves: [],
      rejected: [],
      splits: [],
      attempts: [],
    };
    empty.result = {
      ...data.result,
      rejected: 0,
      stages: [],
      logits: { key: 'k', rows: 0, views: 1, bytes: 0, pcmBytes: 0 },
    };
    const page = pageOf(empty);
    expect(visibleText(page)).toContain('There is no eval split to score it on.');
    expect(visibleText(page)).not.toMatch(/NaN|Infinity|undefined/);
    expect(page).not.toMatch(/<section id="(rejected|training|classes|timeline|wrong)"/);
    expect(scriptsOf(page)).toHaveLength(1);
  });
});
