import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';
import { buildIdOf } from '../../workers/deployment';
import type { RunResult } from '../../workflows/contract/activities';
import { reached } from '../chaos/draw';
import { causeOf } from '../chaos/failure-type';
import { terminate } from '../chaos/faults';
import { Scene } from '../chaos/scene';
import { Trial } from '../chaos/trial';
import type { WorkerPlace } from '../support/cluster';

/** Real workers that take over from each other on a real server, in the middle of training. */
describe('a run that goes on on another worker', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open();
  });
  afterAll(async () => scene?.close(), 60_000);

  /** What this clone compiles to, but for the version of its arithmetic. @returns its worker */
  const anotherRelease = (): string => {
    const release = join(scene.cluster.folder, 'release');
    if (existsSync(release)) return join(release, 'dist/workers/main.js');
    mkdirSync(release);
    for (const name of readdirSync(repositoryRoot))
      if (name !== 'dist') symlinkSync(join(repositoryRoot, name), join(release, name));
    cpSync(join(repositoryRoot, 'dist'), join(release, 'dist'), { recursive: true });
    const place = join(release, 'dist/ced/engine/environment.js');
    const code = readFileSync(place, 'utf8');
    const changed = code.replace(
      /(NUMERICS_VERSION = )(\d+)/,
      (_, name: string, version: string) => `${name}${Number(version) + 1}`,
    );
    expect(changed).not.toBe(code);
    writeFileSync(place, changed);
    return join(release, 'dist/workers/main.js');
  };

  const handOver = async (
    name: string,
    resume: 'continue' | 'exact',
    place: WorkerPlace,
  ): Promise<Trial> => {
    await scene.settle();
    const trial = await Trial.start(scene, `${name}-${resume}`, 'folder', { resume });
    await reached(trial, { stage: 'training', step: 30 });
    await trial.newestCheckpoint();
    await terminate(scene);
    await scene.replaceGpu(place);
    return trial;
  };

  it('with another number of threads stays bit-exact', async () => {
    const trial = await handOver('threads', 'exact', { threads: 2 });
    const result = (await trial.handle.result()) as RunResult;
    expect(result.students).toMatchObject([{ name: 'student', bitExact: true }]);
  });

  describe('(other numericsVersion)', () => {
    // Under the same build id, as if pinned with CED_BUILD_ID: else the server keeps
    // the two apart.
    const place = (): WorkerPlace => ({
      entry: anotherRelease(),
      environment: { CED_BUILD_ID: buildIdOf(join(repositoryRoot, 'dist')) },
    });

    it('ends, and its student says that it is not bit-exact', async () => {
      const trial = await handOver('version', 'continue', place());
      const result = (await trial.handle.result()) as RunResult;
      expect(result.students).toMatchObject([{ name: 'student', bitExact: false }]);
    });

    it('is refused when it is to be exact', async () => {
      const trial = await handOver('version', 'exact', place());
      const error: unknown = await trial.handle.result().catch((thrown: unknown) => thrown);
      expect(causeOf(error)).toBe('CheckpointIncompatible');
    });
  });
});
