import { checkProbe } from '../../activities/check-probe';
import { readStoreUnits } from '../../cli/store/store-units';
import { verifyStore } from '../../cli/store/store-verification';
import { requireWorkerManifest } from '../../storage/models/worker-folder';
import type { EnsembleMember } from '../../workflows/contract/models';
import type { LogitsSettings } from '../../workflows/contract/run-file-sections';
import { settings, TeacherScene } from '../support/teacher-scene';

let scene: TeacherScene;
beforeEach(async () => {
  scene = await TeacherScene.open();
});
afterEach(() => scene.remove());

describe('outputs that are kept', () => {
  const keeping: LogitsSettings = { ...settings, keepOutputs: true };

  it('make the same logits as outputs that are not, of the teacher and of the worker', async () => {
    const teacher = scene.reference();
    const { member } = await scene.accepted(teacher);
    const ensemble = [scene.natives[0]!, member, scene.natives[1]!];
    await scene.predictAll(teacher, ensemble);
    const { logitsKey } = await scene.compute(ensemble);
    const plain = await scene.shardBytes(logitsKey);
    const remove = async (): Promise<void> => {
      for (const key of await scene.store.list(`logits/${logitsKey}/`))
        await scene.store.remove(key);
    };
    await remove();
    expect((await scene.compute(ensemble, keeping)).logitsKey).toBe(logitsKey);
    expect(await scene.shardBytes(logitsKey)).toEqual(plain);
    scene.predictions.clear();
    await remove();
    await scene.compute(ensemble, keeping);
    expect(await scene.shardBytes(logitsKey)).toEqual(plain);
    expect(scene.predictions.size).toBe(0);
  });

  it('are predicted once, whatever weight, K and fellow teachers later runs have', async () => {
    const [one, two] = scene.natives as [EnsembleMember, EnsembleMember];
    await scene.compute([one], keeping);
    expect([...scene.predictions.keys()]).toEqual([one.name]);
    scene.predictions.clear();
    await scene.compute([one], { ...keeping, topK: 3 });
    expect(scene.predictions.size).toBe(0);
    await scene.compute([{ ...one, weight: 2 }, two], keeping);
    expect([...scene.predictions.keys()]).toEqual([two.name]);
    scene.predictions.clear();
    await scene.compute([two, { ...one, weight: 5 }], { ...keeping, topK: 2 });
    expect(scene.predictions.size).toBe(0);
    await scene.compute([one], { ...keeping, views: 2 });
    expect([...scene.predictions.keys()]).toEqual([one.name]);
  });

  it('are predicted again when they are damaged', async () => {
    const [one] = scene.natives as [EnsembleMember];
    const { logitsKey } = await scene.compute([one], keeping);
    const plain = await scene.shardBytes(logitsKey);
    const [data = ''] = (await scene.store.list(`outputs/${one.sha256}/`)).filter((key) =>
      key.endsWith('.npy'),
    );
    const bytes = Buffer.from((await scene.store.read(data))!);
    bytes[200]! ^= 1;
    await scene.store.replace(data, bytes);
    for (const key of await scene.store.list(`logits/${logitsKey}/`)) await scene.store.remove(key);
    scene.predictions.clear();
    await scene.compute([one], keeping);
    expect(scene.predictions.size).toBe(1);
    expect(await scene.shardBytes(logitsKey)).toEqual(plain);
  });
});

describe('a store with outputs', () => {
  it('is verified with them, and says which are damaged', async () => {
    const teacher = scene.reference();
    const { member, probe } = await scene.accepted(teacher);
    await teacher.predict(scene.store, probe);
    await checkProbe(scene.deps, { store: '', teacher: member, probe });
    const [request] = await scene.predictAll(teacher, [member]);
    await scene.compute([member, scene.natives[0]!], { ...settings, keepOutputs: true });
    expect(await verifyStore(scene.store)).toMatchObject({ damaged: [], leftOver: [] });
    const part = `${request!.output.data}.part/000000000-000000016.npy`;
    await scene.store.create(part, Buffer.from('half'));
    for (const key of [request!.output.data, request!.rows.key])
      await scene.store.replace(key, Buffer.from('something else'));
    const { damaged, leftOver } = await verifyStore(scene.store);
    expect(damaged.map(({ key }) => key).sort()).toEqual(
      [request!.output.data, request!.rows.key].sort(),
    );
    expect(leftOver).toEqual([part]);
  });

  it('keeps those of teachers that a kept result names, and no others', async () => {
    const [teacher, unnamed] = [scene.reference(), scene.reference({ version: '2' })];
    const [{ member }, { member: other }] = [
      await scene.accepted(teacher),
      await scene.accepted(unnamed),
    ];
    await scene.predictAll(teacher, [member]);
    await scene.predictAll(unnamed, [other]);
    const kept = { ...settings, keepOutputs: true };
    const { logitsKey } = await scene.compute([member, scene.natives[0]!], kept);
    await scene.compute([other, scene.natives[1]!], kept);
    await scene.store.create(
      'runs/one/result.json',
      Buffer.from(JSON.stringify({ key: logitsKey })),
    );
    const outputs = (await readStoreUnits(scene.store)).filter(({ kind }) => kind === 'outputs');
    const manifests = await Promise.all(
      [member, other].map(({ sha256 }) => requireWorkerManifest(scene.store, sha256)),
    );
    const referred = new Map(outputs.map(({ name, referredBy }) => [name, referredBy]));
    expect(referred).toEqual(
      new Map([
        [`outputs/${manifests[0]!.teacherKey}`, [`logits/${logitsKey}`]],
        [`outputs/${scene.natives[0]!.sha256}`, [`logits/${logitsKey}`]],
        [`outputs/${manifests[1]!.teacherKey}`, []],
        [`outputs/${scene.natives[1]!.sha256}`, []],
      ]),
    );
  });
});
