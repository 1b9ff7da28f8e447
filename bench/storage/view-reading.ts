/**
 * The cost of stored logits in a training: decoding a shard once in a job, and reading one view of
 * it in each epoch; and the cost of its steps.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoredViews } from '../../jobs/train/stored-views';
import { ObjectCache } from '../../storage/object-cache';
import { engineEnvironment } from '../../ced/engine/environment';
import type { LogitTable } from '../../ced/logits/logit-table';
import { writeTargets } from '../../ced/logits/targets';
import { MODEL_PRESETS } from '../../ced/model/config';
import { MeasuredProcess } from '../measured-process';
import type { Job } from '../measures';

/** CPU time in microseconds a chunk to read one view and write its targets, the best of eight. */
export async function viewReadMicroseconds(
  table: LogitTable,
  views: number,
  classes: number,
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'ced-views-'));
  const layout = { stored: views, used: views, topK: table.topK };
  const stored = await StoredViews.open(
    new ObjectCache({ folder, maxBytes: 1e12 }),
    'bench',
    layout,
    async function* () {
      yield await Promise.resolve(table);
    },
  );
  try {
    const chunks = table.rows / views;
    const targets = new Float32Array(classes);
    let fastest = Infinity;
    for (let repeat = 0; repeat < 8; repeat++) {
      const before = process.cpuUsage();
      for (let at = 0; at < chunks; at++)
        writeTargets(
          stored.read(0, at, repeat % views),
          0,
          classes,
          'zero',
          table.topK,
          targets,
          0,
        );
      const { user, system } = process.cpuUsage(before);
      fastest = Math.min(fastest, (user + system) / chunks);
    }
    return fastest;
  } finally {
    stored.close();
    rmSync(folder, { recursive: true });
  }
}

/**
 * Wall time in microseconds a chunk of 10 s that a training step of CED-tiny takes on this machine,
 * the best of three.
 */
export async function stepMicroseconds(): Promise<number> {
  const batch = 32;
  const job: Job = {
    measure: 'train',
    device: 'cpu',
    variant: 'eager',
    precision: 'float32',
    config: MODEL_PRESETS.tiny,
    batch,
    samples: 160_000,
  };
  const env = { ...process.env, ...engineEnvironment({ threads: availableParallelism() }) };
  const measured = await MeasuredProcess.start(
    process.execPath,
    [join(__dirname, '..', 'worker.js'), JSON.stringify(job)],
    env,
  );
  try {
    const runs = [await measured.run(), await measured.run(), await measured.run()];
    return (1000 * Math.min(...runs.map(({ ms }) => ms))) / batch;
  } finally {
    measured.stop();
  }
}
