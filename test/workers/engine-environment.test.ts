import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineJob } from '../../jobs/engine-jobs';
import { EngineProcess } from '../../workers/engine-process';

const folder = mkdtempSync(join(tmpdir(), 'ced-engine-process-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A process in the engine's place: what `reply` gives is the result of each job. */
function engineThat(name: string, reply: string): EngineProcess {
  const entry = join(folder, `${name}.cjs`);
  writeFileSync(
    entry,
    `process.on('message', (message) => { if (message.type === 'run') (${reply})(message); });
     const done = (id, result) => process.send({ type: 'done', id, result });
     process.send({ type: 'ready' });`,
  );
  return new EngineProcess({ entry, root: folder, threads: 1 });
}

const scoreIn = (store: string): EngineJob =>
  ({ kind: 'score', input: { store } }) as unknown as EngineJob;
const options = { signal: new AbortController().signal, onProgress: () => undefined };

describe("the environment of the engine's process", () => {
  const PLANTED = {
    CED_PAYLOAD_KEYS: 'k=planted-payload-key',
    TEMPORAL_API_KEY: 'planted-temporal-key',
    HF_TOKEN: 'planted-hub-token',
    SOME_PASSWORD: 'planted-password',
  };
  const FOR_BUCKETS = {
    GOOGLE_APPLICATION_CREDENTIALS: '/planted-account.json',
    AWS_SECRET_ACCESS_KEY: 'planted-aws-key',
  };
  const before = { ...process.env };
  beforeAll(() => Object.assign(process.env, PLANTED, FOR_BUCKETS, { TF_PLANTED: 'kept' }));
  afterAll(() => void (process.env = before));

  const environmentIn = async (
    engine: EngineProcess,
    store: string,
  ): Promise<Record<string, string>> =>
    (await engine.run(scoreIn(store), options)) as unknown as Record<string, string>;

  it('holds no secret of the worker, and those of a service only for its stores', async () => {
    const engine = engineThat('environment', '({ id }) => done(id, { ...process.env })');
    try {
      for (const store of ['runs/mine', 'gs://bucket/mine', 's3://bucket/mine', '/data/mine']) {
        const environment = await environmentIn(engine, store);
        const text = JSON.stringify(environment);
        for (const secret of Object.values(PLANTED)) expect(text).not.toContain(secret);
        expect(text.includes('planted-account')).toBe(store.startsWith('gs://'));
        expect(text.includes('planted-aws-key')).toBe(store.startsWith('s3://'));
        expect(environment).toMatchObject({ TF_PLANTED: 'kept', CED_ROOT: folder });
      }
    } finally {
      await engine.end();
    }
  });

  it('passes on what CED_ENGINE_ENV names', async () => {
    process.env['CED_ENGINE_ENV'] = 'OTHER_LIBRARY_PATH, SOME_PASSWORD';
    process.env['OTHER_LIBRARY_PATH'] = '/opt/other';
    const engine = engineThat('named', '({ id }) => done(id, { ...process.env })');
    try {
      expect(await environmentIn(engine, 'runs/mine')).toMatchObject({
        OTHER_LIBRARY_PATH: '/opt/other',
        SOME_PASSWORD: 'planted-password',
      });
    } finally {
      await engine.end();
    }
  });
});
