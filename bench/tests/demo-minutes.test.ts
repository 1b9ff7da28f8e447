import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { layout } from '../../storage/layout';
import { demoMinutes } from '../demo-minutes';

describe("the demo's minutes", () => {
  const root = mkdtempSync(join(tmpdir(), 'ced-minutes-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('are those of the stages of its last run, and unknown without one', async () => {
    expect(await demoMinutes(root)).toBeNull();
    const path = join(root, 'runs/instruments', layout.latest('instruments', 'result.json'));
    mkdirSync(dirname(path), { recursive: true });
    const stages = [
      { name: 'ingest', seconds: 30 },
      { name: 'train', seconds: 90 },
    ];
    const result = {
      ...{ formatVersion: 1, run: 'instruments', workflowId: 'instruments', teachers: [] },
      ...{ ensemble: { mAP: null }, students: [], logits: null, rejected: 0 },
    };
    writeFileSync(path, JSON.stringify({ ...result, stages }));
    expect(await demoMinutes(root)).toBe(2);
  });
});
