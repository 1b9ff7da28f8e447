/**
 * Many starts of the engine process, each as in a worker: forked, told by IPC to train a small
 * model from its first step, and killed when idle. A start without a result, or with another model
 * than the first, is a failure. All failures are counted; none ends the soak.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { progressMeter } from '../../workflows/contract/progress-meter';
import { clock, grouped } from '../../cli/quantities';
import { EngineProcess } from '../../workers/engine-process';
import { DEMO, smallTraining, type SmallTraining } from './small-training';
import { outcome } from './steps';

const STEPS = 10;
const REPORTS = 20;

/** @returns whether every start gave the same model */
export async function soakStarts(starts: number, print: (line: string) => void): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'ced-soak-'));
  try {
    const training = await smallTraining(folder, STEPS, DEMO);
    const progress = progressMeter('starts', starts, () => performance.now());
    let [first, failures] = ['', 0];
    for (let start = 1; start <= starts; start++) {
      try {
        const sha256 = await startOnce(folder, training, start);
        first ||= sha256;
        if (sha256 !== first) throw new Error(`model ${sha256}, the first start gave ${first}`);
      } catch (error) {
        failures++;
        print(`start ${grouped(start)} failed: ${(error as Error).message}`);
      }
      if (start % Math.max(1, Math.floor(starts / REPORTS)) === 0)
        print(
          `start ${grouped(start)} of ${grouped(starts)}: ${failures} failed, ` +
            `ETA ${clock(progress(start).etaSeconds ?? 0)}`,
        );
    }
    print(
      `${outcome(failures === 0)}: ${grouped(starts)} starts of ${STEPS} steps, ` +
        `${failures} failed, model ${first || 'none'}`,
    );
    return failures === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns SHA-256 of the trained weights */
async function startOnce(folder: string, training: SmallTraining, start: number): Promise<string> {
  training.forget();
  const entry = join(__dirname, '..', '..', 'jobs', 'child.js');
  const engine = new EngineProcess({ entry, root: folder, threads: availableParallelism() });
  try {
    const options = { signal: new AbortController().signal, onProgress: () => undefined };
    return (await engine.run(training.job(`start-${start}`), options)).sha256;
  } finally {
    await engine.end();
  }
}
