import { evaluateRun } from '../../activities/publish/run-evaluation';
import { publishRun } from '../../activities/publish-run';
import { scoreEnsemble } from '../../jobs/logits/ensemble-gate';
import { FolderStore } from '../../storage/folder-store';
import { handmadeRun, PLAN, type HandmadeRun } from '../report/handmade-run';

/** Counts how often each object of scores is read, in the order of the first time. */
class CountingStore extends FolderStore {
  readonly reads = new Map<string, number>();

  override read(key: string): Promise<Uint8Array | null> {
    if (key.startsWith('scores/')) this.reads.set(key, (this.reads.get(key) ?? 0) + 1);
    return super.read(key);
  }
}

describe('scores that the store holds', () => {
  let run: HandmadeRun;
  let store: CountingStore;
  beforeEach(async () => {
    run = await handmadeRun();
    store = new CountingStore(run.store.uri);
  });

  it('are read once a model by the evaluation, teachers before students', async () => {
    const { ensemble, students } = run.input;
    await evaluateRun(store, PLAN, 'eval', { ensemble, students });
    const models = [...ensemble, ...students];
    expect(
      [...store.reads]
        .filter(([key]) => key.endsWith('.f32'))
        .map(([key, n]) => [key.slice(7, 71), n]),
    ).toEqual(models.map(({ sha256 }) => [sha256, 1]));
    expect([...store.reads.values()]).toEqual(models.flatMap(() => [1, 1]));
  });

  it('are read once a model and split by publishing', async () => {
    await publishRun({ ...run.deps, openStore: () => store }, run.input);
    const splits = 2;
    const { ensemble, students } = run.input;
    expect([...store.reads].filter(([key]) => key.endsWith('.f32'))).toHaveLength(
      ensemble.length * splits + students.length,
    );
    expect(Math.max(...store.reads.values())).toBe(1);
  });

  it('are read once a teacher and split by the gate of an ensemble', async () => {
    await scoreEnsemble(store, PLAN, run.input.ensemble);
    expect(store.reads.size).toBe(run.input.ensemble.length * 2 * 2);
    expect(Math.max(...store.reads.values())).toBe(1);
  });
});
