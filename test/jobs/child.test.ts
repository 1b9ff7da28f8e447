import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineEnvironment } from '../../ced/engine/environment';
import { repositoryRoot } from '../../infra/toolchain';
import { decodeError } from '../../jobs/process/error-record';
import type { FromEngine, ToEngine } from '../../jobs/protocol';

describe('the entry of the engine process', () => {
  it('refuses a second job while one is at work, and takes the next one after it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ced-child-'));
    const child = fork(join(repositoryRoot, 'dist/jobs/child.js'), {
      serialization: 'advanced',
      env: { ...process.env, ...engineEnvironment({ threads: 1 }), CED_ROOT: folder },
    });
    try {
      const failures = new Map<number, string>();
      child.on('message', (message: FromEngine) => {
        if (message.type === 'failed') failures.set(message.id, decodeError(message.error).message);
      });
      const failed = async (id: number): Promise<string | undefined> => {
        while (!failures.has(id)) await once(child, 'message');
        return failures.get(id);
      };
      const run = (id: number): void => {
        const model = { name: 'model', sha256: 'a'.repeat(64), parameters: 1 };
        const input = { store: 'store', planKey: 'none', split: 'eval', model } as const;
        const job = {
          kind: 'score',
          input: { ...input, chunkSeconds: 1, precision: 'float32' },
        } as const;
        child.send({ type: 'run', id, job } satisfies ToEngine);
      };
      run(1);
      run(2);
      expect(await failed(2)).toMatch(/at work on job 1, job 2 is refused/);
      expect(await failed(1)).toMatch(/missing/);
      run(3);
      expect(await failed(3)).toMatch(/missing/);
    } finally {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
