import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';
import { encodeJson, sha256 } from '../../storage/store';
import type { ClipLogits } from '../../cli/store/clip-logits';
import type { LogitsSurvey } from '../../cli/store/logits-survey';
import { describeFailure } from '../../cli/failure';
import { ced } from '../../cli/main';
import { fromHalf } from '../../ced/logits/half';
import { encodeLogitShard } from '../../ced/logits/shard-file';
import { randomLogitTable } from '../ced/logits/random-table';
import {
  sampleCorpus,
  sampleDescription,
  sampleIngest,
  sampleLogitsManifest,
  sampleResult,
  sampleScoresManifest,
} from '../support/sample-records';
import { catchOutput, type CaughtOutput } from '../support/caught-output';
import { documentedOutput } from '../support/documented-output';

const audioShard = 'a'.repeat(64);
const key = 'b'.repeat(64);
const table = randomLogitTable({ clips: 5, views: 4, classes: 30, topK: 6 });
let shard: Uint8Array;

describe('ced logits', () => {
  let folder: string;
  let printed: CaughtOutput;

  beforeAll(async () => {
    shard = await encodeLogitShard(table);
    folder = mkdtempSync(join(tmpdir(), 'ced-logits-'));
    const store = new FolderStore(folder);
    const vocabulary = Array.from({ length: 30 }, (_, index) => ({
      mid: '',
      name: `class ${index}`,
    }));
    const shardsOf = [{ ingest: 'ingest/x.json', audioSha256: audioShard, clips: 5, chunks: 5 }];
    await store.create(layout.corpus('p'), encodeJson(sampleCorpus(vocabulary, shardsOf)));
    await store.create(
      'ingest/x.json',
      encodeJson(sampleIngest(audioShard, ['v', 'w', 'x', 'y', 'z'])),
    );
    await store.create(layout.logits(key, audioShard), shard);
    const counts = { rowsPlanned: table.rows, rowsWritten: table.rows, bytes: shard.length };
    await store.create(
      layout.logitsManifest(key, audioShard),
      encodeJson(
        sampleLogitsManifest({
          ...counts,
          sha256: sha256(shard),
          agreement: [{ between: [0, 1], topMatch: 0.5, meanDifference: 0.0123 }],
        }),
      ),
    );
    const description = sampleDescription([
      { weightsSha256: 't1', weight: 3 },
      { weightsSha256: 't2', frontEnd: 'waveform' },
    ]);
    await store.create(layout.logitsDescription(key), encodeJson(description));
    await store.create(
      layout.scoresManifest('t1', 'c'),
      encodeJson(sampleScoresManifest({ mAP: 0.25, clips: 800 })),
    );
    await store.create(
      layout.runFile('demo', 'r', 'result.json'),
      encodeJson(sampleResult(key, { teachers: ['first', 'second'] })),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    printed = catchOutput('stdout');
  });
  afterEach(() => jest.restoreAllMocks());

  it('counts rows, and bytes by column to the last byte', async () => {
    expect(await ced(['logits', folder, '--json'])).toBe(0);
    const [survey] = documentedOutput<[LogitsSurvey]>('logits', printed.text);
    expect(survey).toMatchObject({
      key,
      shards: 1,
      rowsPlanned: table.rows,
      rowsWritten: table.rows,
      views: 4,
      topK: 6,
      bytes: shard.length,
    });
    const perRow = Object.values(survey.bytesPerRow).reduce((sum, size) => sum + size, 0);
    expect(perRow * table.rows).toBeCloseTo(shard.length, 6);
    expect(Object.keys(survey.bytesPerRow)).toEqual(
      expect.arrayContaining(['clip', 'shift', 'time_start', 'i', 'p', 'footer']),
    );
  });

  it('names the classes that are most probable on average', async () => {
    await ced(['logits', folder, '--json']);
    const [survey] = documentedOutput<[LogitsSurvey]>('logits', printed.text);
    const means = Array.from({ length: 30 }, () => 0);
    table.indexes.forEach(
      (index, at) => (means[index]! += fromHalf(table.values[at]!) / table.rows),
    );
    const best = means.indexOf(Math.max(...means));
    expect(survey.topClasses[0]).toMatchObject({ index: best, name: `class ${best}` });
    expect(survey.topClasses[0]!.mean).toBeCloseTo(means[best]!, 9);
    expect(survey.entropyBits).toBeGreaterThan(0);
    expect(survey.entropyBits).toBeLessThan(6);
  });

  it('lists teachers with shares and scores, by the names from a finished run', async () => {
    await ced(['logits', folder]);
    expect(printed.text).toContain('first, 75.0 %, input log-mel, mAP 0.250 on 800 clips');
    expect(printed.text).toContain('second, 25.0 %, input waveform, not scored');
    expect(printed.text).toContain(
      'first and second have the same first class in 50.0 % of rows, and differ by 0.0123 a class',
    );
    expect(printed.text).toContain(`${table.rows} written of ${table.rows} planned, in 1 shards`);
  });

  it('shows the predictions of one clip', async () => {
    await ced(['logits', folder, '--clip', 'x', '--top', '2', '--json']);
    const [{ views }] = documentedOutput<[ClipLogits]>('logits-clip', printed.text);
    const rows = [...table.clip.keys()].filter((row) => table.clip[row] === 2);
    expect(rows.length).toBeGreaterThan(0);
    expect(views).toEqual(
      rows.map((row) => ({
        chunk: table.chunk[row],
        view: table.view[row],
        shift: table.shift[row],
        timeMask: { start: table.timeStart[row], width: table.timeWidth[row] },
        freqMask: { start: table.freqStart[row], width: table.freqWidth[row] },
        tags: [0, 1].map((rank) => {
          const index = table.indexes[row * 6 + rank]!;
          return {
            index,
            name: `class ${index}`,
            probability: fromHalf(table.values[row * 6 + rank]!),
          };
        }),
      })),
    );
    printed.text = '';
    await ced(['logits', folder, '--clip', 'x']);
    expect(printed.text).toMatch(/^clip x in logits b+\n {2}chunk {2}view +shift/);
  });

  it('says in one line what it does not find', async () => {
    const complaint = async (...argv: string[]) =>
      await ced(['logits', ...argv]).then(() => 'none', describeFailure);
    expect(await complaint(folder, '--clip', 'q')).toContain("holds no logits of a clip 'q'");
    expect(await complaint(folder, '--key', 'c')).toContain(
      'holds no logits under a key that starts with c',
    );
    expect(await complaint(folder, '--shards', 'many')).toBe(
      '--shards many: expected a whole number above 0',
    );
    expect(await complaint()).toBe('ced logits: expected one store; see ced logits --help');
  });
});
