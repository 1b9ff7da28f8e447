import type { RunResult } from '../../workflows/contract/activities';
import type { Moment } from './draw';
import type { Scheme } from './bucket-service';
import { FAULTS } from './faults';
import { Scene } from './scene';
import { Trial } from './trial';
import { runTry } from './try';

/**
 * Three of what `npm run chaos` draws from, at fixed moments; real processes, a real Temporal
 * server and a real storage server.
 */
describe('a run to which something happens', () => {
  let scene: Scene;
  let expected: string;

  beforeAll(async () => {
    scene = await Scene.open();
    const undisturbed = await Trial.start(scene, 'undisturbed');
    const result = (await undisturbed.handle.result()) as RunResult;
    expect(await undisturbed.fault(result)).toBeNull();
    expected = await undisturbed.fingerprint(result);
  });
  afterAll(async () => scene?.close(), 60_000);

  it.each<[string, Moment, Scheme]>([
    ['SIGKILL engine', { stage: 'logits', row: 300 }, 'gs'],
    ['flipped checkpoint', { stage: 'training', step: 150 }, 'gs'],
    ['storage cuts transfers for 5 s', { stage: 'training', step: 60 }, 's3'],
  ])(
    '(%s) ends with the same logits, student and checkpoint, nothing lost or doubled',
    async (name, moment, scheme) => {
      const fault = FAULTS.find((each) => each.name === name)!;
      const outcome = await runTry(
        scene,
        { fault, moment, within: 0.4, scheme },
        `slice-${moment.stage}-${FAULTS.indexOf(fault)}`,
        expected,
      );
      expect(outcome).toMatchObject({ why: null, identical: true });
    },
    480_000,
  );
});
