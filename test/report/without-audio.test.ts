import { scoreEnsemble } from '../../jobs/logits/ensemble-gate';
import { evaluateRun } from '../../activities/publish/run-evaluation';
import { FolderStore } from '../../storage/folder-store';
import { handmadeRun, PLAN, type HandmadeRun } from './handmade-run';

/** Gives no audio away. */
class SilentStore extends FolderStore {
  override read(key: string): Promise<Uint8Array | null> {
    return key.startsWith('audio/') ? this.localFile(key) : super.read(key);
  }

  override localFile(key: string): Promise<never> {
    return Promise.reject(new Error(`${key} was touched`));
  }
}

describe('where labels, counts and scores are enough, no audio is touched', () => {
  let run: HandmadeRun;
  let silent: SilentStore;
  beforeAll(async () => {
    run = await handmadeRun();
    silent = new SilentStore(run.store.uri);
  });

  it('by the gate that scores an ensemble', async () => {
    const gate = await scoreEnsemble(silent, PLAN, run.input.ensemble);
    expect(gate).toEqual(await scoreEnsemble(run.store, PLAN, run.input.ensemble));
    expect(gate.map(({ split, teachers }) => [split, teachers[0]])).toEqual([
      ['validation', 1],
      ['eval', 1],
    ]);
  });

  it("by scores of teachers and ensemble, and audio only of a student's worst clips", async () => {
    const { ensemble, students } = run.input;
    expect(await evaluateRun(silent, PLAN, 'eval', { ensemble, students: [] })).toMatchObject({
      clips: 4,
      teachers: [{ mAP: 1 }, {}],
    });
    await expect(evaluateRun(silent, PLAN, 'eval', { ensemble, students })).rejects.toThrow(
      /^audio\/.* was touched$/,
    );
  });
});
